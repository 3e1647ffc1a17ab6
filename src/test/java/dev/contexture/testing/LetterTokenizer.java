package dev.contexture.testing;

import dev.contexture.model.tokenizer.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;

/** A token per byte, one for "ab", and three special ones: {@code <u>}, {@code <a>} and {@code <e>}, which ends. */
public final class LetterTokenizer implements Tokenizer {
    private static final int PAIR = 256;
    private static final String[] SPECIAL = {"<u>", "<a>", "<e>"};
    public static final int END = PAIR + SPECIAL.length;

    @Override
    public int[] encode(String text, SpecialTokens specialTokens) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        IntStream.Builder tokens = IntStream.builder();
        int at = 0;
        while (at < bytes.length) {
            int special = specialTokens == SpecialTokens.PARSE ? specialAt(bytes, at) : -1;
            if (special >= 0) {
                tokens.add(PAIR + 1 + special);
                at += SPECIAL[special].length();
            } else if (at + 1 < bytes.length && bytes[at] == 'a' && bytes[at + 1] == 'b') {
                tokens.add(PAIR);
                at += 2;
            } else {
                tokens.add(Byte.toUnsignedInt(bytes[at++]));
            }
        }
        return tokens.build().toArray();
    }

    private static int specialAt(byte[] bytes, int at) {
        for (int i = 0; i < SPECIAL.length; i++) {
            byte[] text = SPECIAL[i].getBytes(StandardCharsets.UTF_8);
            if (at + text.length <= bytes.length && Arrays.equals(bytes, at, at + text.length, text, 0, text.length)) {
                return i;
            }
        }
        return -1;
    }

    /** The same text, but never the token for two letters. */
    public int[] singly(String text) {
        return Arrays.stream(encode(text, SpecialTokens.PARSE))
                .flatMap(token -> token == PAIR ? IntStream.of('a', 'b') : IntStream.of(token))
                .toArray();
    }

    /** Tokens of a text's first bytes. */
    public int[] bytesOf(String text, int count) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return IntStream.range(0, count).map(i -> Byte.toUnsignedInt(bytes[i])).toArray();
    }

    public String text(int[] tokens) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (int token : tokens) {
            text.writeBytes(isSpecial(token) ? tokenText(token).getBytes(StandardCharsets.UTF_8) : tokenBytes(token));
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    @Override
    public byte[] tokenBytes(int tokenId) {
        if (isSpecial(tokenId)) {
            return new byte[0];
        }
        return tokenId == PAIR ? new byte[] {'a', 'b'} : new byte[] {(byte) tokenId};
    }

    @Override
    public String tokenText(int tokenId) {
        return isSpecial(tokenId)
                ? SPECIAL[tokenId - PAIR - 1]
                : new String(tokenBytes(tokenId), StandardCharsets.UTF_8);
    }

    @Override
    public boolean isSpecial(int tokenId) {
        return tokenId > PAIR;
    }

    @Override
    public int vocabularySize() {
        return END + 1;
    }

    @Override
    public int longestTokenBytes() {
        return 3;
    }

    @Override
    public OptionalInt beginOfSequence() {
        return OptionalInt.empty();
    }

    @Override
    public boolean addsBeginOfSequence() {
        return false;
    }

    @Override
    public Set<Integer> endOfSequence() {
        return Set.of(END);
    }
}
