package dev.contexture.testing;

import dev.contexture.model.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.Set;

/** A token per byte. */
public final class ByteTokenizer implements Tokenizer {
    @Override
    public int[] encode(String text, SpecialTokens specialTokens) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[bytes.length];
        Arrays.setAll(ids, i -> Byte.toUnsignedInt(bytes[i]));
        return ids;
    }

    @Override
    public byte[] tokenBytes(int tokenId) {
        return new byte[] {(byte) tokenId};
    }

    @Override
    public String tokenText(int tokenId) {
        return Integer.toString(tokenId);
    }

    @Override
    public boolean isSpecial(int tokenId) {
        return false;
    }

    @Override
    public int vocabularySize() {
        return 256;
    }

    @Override
    public int longestTokenBytes() {
        return 1;
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
        return Set.of();
    }
}
