package dev.contexture.model.tokenizer;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Token ids to text, piece by piece, never cutting a character: bytes that may still become one wait for the next token.
 * Bytes that cannot become a character any more turn into U+FFFD.
 */
public final class IncrementalDetokenizer {
    /** The longest UTF-8 character less one byte can wait. */
    private static final int MAX_WAITING_BYTES = 3;

    private final Tokenizer tokenizer;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private final byte[] waiting = new byte[MAX_WAITING_BYTES];
    private int waitingCount;

    public IncrementalDetokenizer(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** The text that this token completes; may be empty. */
    public String append(int tokenId) {
        return decode(tokenizer.tokenBytes(tokenId), false);
    }

    /** What is left at the end of the sequence: nothing, or U+FFFD for an unfinished character. */
    public String flush() {
        String rest = decode(new byte[0], true);
        decoder.reset();
        return rest;
    }

    private String decode(byte[] bytes, boolean last) {
        ByteBuffer in = ByteBuffer.allocate(waitingCount + bytes.length);
        in.put(waiting, 0, waitingCount).put(bytes).flip();
        CharBuffer out = CharBuffer.allocate(in.remaining() + 1);
        decoder.decode(in, out, last);
        if (last) {
            decoder.flush(out);
        }
        waitingCount = in.remaining();
        in.get(waiting, 0, waitingCount);
        return out.flip().toString();
    }
}
