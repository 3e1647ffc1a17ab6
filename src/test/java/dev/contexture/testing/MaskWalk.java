package dev.contexture.testing;

import dev.contexture.constrain.Constraint;
import dev.contexture.constrain.TokenConstraint;
import dev.contexture.constrain.mask.TokenMask;
import dev.contexture.constrain.mask.TokenVocabulary;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Draws tokens that masks allow, at random; after a while rather those that end what is open. */
public final class MaskWalk {
    /** More are a constraint that does not end. */
    private static final int MOST_TOKENS = 20_000;

    private static final String CLOSERS = "\"]}0123456789nl";

    private final TokenVocabulary.Tokens tokens;
    private final Random random;
    private final int free;

    /**
     * @param free tokens before ends are sought
     */
    public MaskWalk(TokenVocabulary.Tokens tokens, long seed, int free) {
        this.tokens = tokens;
        this.random = new Random(seed);
        this.free = free;
    }

    /** A text that was ended by a token that ends texts. */
    public String text(Constraint constraint) {
        TokenConstraint text = constraint.begin();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int count = 0; count < MOST_TOKENS; count++) {
            TokenMask mask = text.mask();
            int token = drawn(mask, count >= free, bytes);
            if (tokens.ends().contains(token)) {
                return bytes.toString(StandardCharsets.UTF_8);
            }
            bytes.writeBytes(tokens.bytes(token));
            text.accept(token);
        }
        throw new AssertionError("no end was found: " + tail(bytes));
    }

    private int drawn(TokenMask mask, boolean ending, ByteArrayOutputStream before) {
        int[] allowed = mask.tokens().toArray();
        if (allowed.length == 0) {
            throw new AssertionError("a dead end: " + tail(before));
        }
        for (int end : tokens.ends()) {
            if (mask.allows(end) && (ending || allowed.length == 1 || random.nextInt(4) == 0)) {
                return end;
            }
        }
        if (ending && random.nextInt(8) > 0) {
            int[] closing = java.util.Arrays.stream(allowed)
                    .filter(token -> tokens.bytes(token).length == 1 && CLOSERS.indexOf(tokens.bytes(token)[0]) >= 0)
                    .toArray();
            for (char closer : CLOSERS.substring(0, 3).toCharArray()) {
                for (int token : closing) {
                    if (tokens.bytes(token)[0] == closer) {
                        return token;
                    }
                }
            }
            if (closing.length > 0) {
                return closing[random.nextInt(closing.length)];
            }
        }
        // As often marks as text: in a vocabulary few tokens have the quote that ends a string.
        if (random.nextInt(3) == 0) {
            int[] marks = java.util.Arrays.stream(allowed)
                    .filter(token -> new String(tokens.bytes(token), StandardCharsets.ISO_8859_1)
                            .matches(".*[\"\\[\\]{},:\\\\].*"))
                    .toArray();
            if (marks.length > 0) {
                return marks[random.nextInt(marks.length)];
            }
        }
        return allowed[random.nextInt(allowed.length)];
    }

    private static String tail(ByteArrayOutputStream bytes) {
        String text = bytes.toString(StandardCharsets.UTF_8);
        return text.substring(Math.max(0, text.length() - 300));
    }
}
