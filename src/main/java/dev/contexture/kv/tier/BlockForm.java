package dev.contexture.kv.tier;

/**
 * How the bytes of a stored value are to be read: what its reader expects and its header must say.
 *
 * @param codec number of the format in which the native library wrote it
 * @param layers whose rows it holds, one behind the other
 * @param rowNumbers numbers of one row: of a head's key, or of an index key
 * @param tokens of the block
 */
public record BlockForm(int codec, int layers, int rowNumbers, int tokens) {
    private static final int MOST = 65_535;

    public BlockForm {
        require(codec, 0, 255, "codec");
        require(layers, 1, MOST, "layers");
        require(rowNumbers, 1, MOST, "rowNumbers");
        require(tokens, 1, MOST, "tokens");
    }

    private static void require(int value, int least, int most, String name) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " must be " + least + " to " + most + " but is " + value);
        }
    }
}
