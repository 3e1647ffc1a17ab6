package dev.contexture.kv;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Names a block by everything that its keys and values depend on: the salt and all tokens up to the block's end. Half of a
 * SHA-256, chained block by block, so that equal keys mean equal prefixes for all practical purposes.
 */
public record PrefixKey(long high, long low) {
    static PrefixKey root(String salt) {
        return of(sha256().digest(salt.getBytes(StandardCharsets.UTF_8)));
    }

    /** The key of the block behind this one. */
    PrefixKey next(int[] tokens, int from, int to) {
        ByteBuffer bytes = ByteBuffer.allocate(2 * Long.BYTES + (to - from) * Integer.BYTES);
        bytes.putLong(high).putLong(low);
        for (int i = from; i < to; i++) {
            bytes.putInt(tokens[i]);
        }
        return of(sha256().digest(bytes.array()));
    }

    /** A key that only those can name who know the salt. */
    public PrefixKey salted(String salt) {
        byte[] text = salt.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(2 * Long.BYTES + text.length);
        bytes.putLong(high).putLong(low).put(text);
        return of(sha256().digest(bytes.array()));
    }

    private static PrefixKey of(byte[] digest) {
        ByteBuffer bytes = ByteBuffer.wrap(digest);
        return new PrefixKey(bytes.getLong(), bytes.getLong());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
