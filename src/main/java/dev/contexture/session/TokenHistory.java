package dev.contexture.session;

import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.model.tokenizer.Tokenizer.SpecialTokens;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Keeps a conversation's tokens what the model saw and made. Tokenising an answer's text again may give other tokens than the model
 * drew, and then nothing that was computed of it could be used: so a turn's prompt is the tokens of before, and behind them those of
 * the text that is new. Where a template writes earlier turns in another way now (a thought left out, a date), the tokens before
 * the difference stay, up to a special token, and the rest is tokenised anew.
 */
final class TokenHistory {
    private final Tokenizer tokenizer;

    TokenHistory(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * A prompt.
     *
     * @param kept first tokens that are those of before
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Extended(int[] tokens, int kept) {}

    /**
     * @param before tokens of the conversation so far
     * @param rendered the whole conversation with what is new, as the template writes it
     */
    Extended extend(int[] before, String rendered) {
        byte[] text = rendered.getBytes(StandardCharsets.UTF_8);
        int kept = 0;
        int keptBytes = 0;
        int at = 0;
        for (int i = 0; i < before.length; i++) {
            byte[] bytes = bytes(before[i]);
            int end = at + bytes.length;
            if (end > text.length || !Arrays.equals(bytes, 0, bytes.length, text, at, end)) {
                return extended(before, kept, text, keptBytes);
            }
            at = end;
            if (tokenizer.isSpecial(before[i])) {
                kept = i + 1;
                keptBytes = at;
            }
        }
        // Even here the text that goes on may begin in the middle of a character's bytes.
        return isBoundary(text, at)
                ? extended(before, before.length, text, at)
                : extended(before, kept, text, keptBytes);
    }

    private static boolean isBoundary(byte[] text, int at) {
        return at == text.length || (text[at] & 0xC0) != 0x80;
    }

    private Extended extended(int[] before, int kept, byte[] text, int from) {
        String rest = new String(text, from, text.length - from, StandardCharsets.UTF_8);
        int[] more = tokenizer.encode(rest, SpecialTokens.PARSE);
        int[] tokens = Arrays.copyOf(before, kept + more.length);
        System.arraycopy(more, 0, tokens, kept, more.length);
        return new Extended(tokens, kept);
    }

    /** The first of the drawn tokens that make up this text: not those of a stop sequence, or of half a character. */
    int[] ofText(int[] drawn, String text) {
        byte[] wanted = text.getBytes(StandardCharsets.UTF_8);
        int at = 0;
        int count = 0;
        for (int token : drawn) {
            byte[] bytes = shownBytes(token, wanted, at);
            int end = at + bytes.length;
            if (end > wanted.length || !Arrays.equals(bytes, 0, bytes.length, wanted, at, end)) {
                break;
            }
            at = end;
            count++;
        }
        return Arrays.copyOf(drawn, count);
    }

    /** Control tokens are hidden, but for those that were read as part of the answer. */
    private byte[] shownBytes(int token, byte[] text, int at) {
        byte[] bytes = bytes(token);
        if (!tokenizer.isSpecial(token)) {
            return bytes;
        }
        int end = Math.min(at + bytes.length, text.length);
        return Arrays.equals(bytes, 0, bytes.length, text, at, end) ? bytes : new byte[0];
    }

    /** Where each token's text ends, in characters. */
    int[] ends(int[] tokens) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        int[] ends = new int[tokens.length];
        int characters = 0;
        int counted = 0;
        byte[] all;
        for (int token : tokens) {
            text.writeBytes(bytes(token));
        }
        all = text.toByteArray();
        int at = 0;
        for (int i = 0; i < tokens.length; i++) {
            at += bytes(tokens[i]).length;
            int whole = at;
            while (whole > counted && !isBoundary(all, whole)) {
                whole--;
            }
            characters += new String(all, counted, whole - counted, StandardCharsets.UTF_8).length();
            counted = whole;
            ends[i] = characters;
        }
        return ends;
    }

    private byte[] bytes(int token) {
        return tokenizer.isSpecial(token)
                ? tokenizer.tokenText(token).getBytes(StandardCharsets.UTF_8)
                : tokenizer.tokenBytes(token);
    }
}
