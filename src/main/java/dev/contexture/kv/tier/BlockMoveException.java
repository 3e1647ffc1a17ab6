package dev.contexture.kv.tier;

/** A block's bytes could not be copied from or to its pool: the device, or memory for it, failed. The block is as good as lost. */
public final class BlockMoveException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BlockMoveException(String message, Throwable cause) {
        super(message, cause);
    }
}
