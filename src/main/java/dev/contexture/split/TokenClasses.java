package dev.contexture.split;

import java.nio.charset.StandardCharsets;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;

/** Type and shape of every token of a vocabulary, worked out once: the segmenter then looks at ids only. */
public final class TokenClasses {
    private static final DelimiterType[] TYPES = DelimiterType.values();
    private static final TokenShape[] SHAPES = TokenShape.values();
    private static final int SHAPE_BITS = 4;
    private static final int SHAPE_MASK = (1 << SHAPE_BITS) - 1;
    private static final byte UNKNOWN = pack(DelimiterType.NONE, TokenShape.OTHER);

    /** Of each id: the type above the shape. */
    private final byte[] classes;

    private final String digest;

    private TokenClasses(byte[] classes) {
        this.classes = classes;
        this.digest = digestOf(classes);
    }

    /**
     * @param size tokens of the vocabulary
     * @param special whether an id is a control token
     * @param bytes what an id adds to the text; part of a character counts as U+FFFD
     */
    public static TokenClasses of(int size, IntPredicate special, IntFunction<byte[]> bytes) {
        byte[] classes = new byte[size];
        for (int id = 0; id < size; id++) {
            if (special.test(id)) {
                classes[id] = pack(DelimiterType.TURN, TokenShape.SPECIAL);
            } else {
                String text = new String(bytes.apply(id), StandardCharsets.UTF_8);
                classes[id] = pack(DelimiterType.of(text), TokenShape.of(text));
            }
        }
        return new TokenClasses(classes);
    }

    private static byte pack(DelimiterType type, TokenShape shape) {
        return (byte) (type.ordinal() << SHAPE_BITS | shape.ordinal());
    }

    private static String digestOf(byte[] classes) {
        byte[] pairs = new byte[2 * classes.length];
        for (int id = 0; id < classes.length; id++) {
            pairs[2 * id] = (byte) (Byte.toUnsignedInt(classes[id]) >> SHAPE_BITS);
            pairs[2 * id + 1] = (byte) (classes[id] & SHAPE_MASK);
        }
        return Sha256.hex(pairs);
    }

    public int size() {
        return classes.length;
    }

    /** SHA-256 over type and shape of every id, a byte each, in the order of the ids. */
    public String digest() {
        return digest;
    }

    DelimiterType type(int tokenId) {
        return TYPES[classOf(tokenId) >> SHAPE_BITS];
    }

    TokenShape shape(int tokenId) {
        return SHAPES[classOf(tokenId) & SHAPE_MASK];
    }

    /** Embeddings may have more rows than the vocabulary has tokens; those say nothing about the text. */
    private int classOf(int tokenId) {
        return Byte.toUnsignedInt(tokenId >= 0 && tokenId < classes.length ? classes[tokenId] : UNKNOWN);
    }
}
