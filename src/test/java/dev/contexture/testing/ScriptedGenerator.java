package dev.contexture.testing;

import dev.contexture.constrain.Constraint;
import dev.contexture.constrain.TokenConstraint;
import dev.contexture.core.FinishReason;
import dev.contexture.core.SparsityUsage;
import dev.contexture.scheduler.GeneratedToken;
import dev.contexture.scheduler.SequenceRequest;
import dev.contexture.scheduler.TokenGenerator;
import dev.contexture.scheduler.TokenSink;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Answers with given texts, one after the other, in tokens of {@link ByteTokenizer}. A text that its constraint, compiled for
 * {@link ByteTokens}, does not allow is an error: no model could draw it.
 */
public final class ScriptedGenerator implements TokenGenerator {
    private final Deque<String> answers = new ArrayDeque<>();
    private final List<SequenceRequest> asked = new ArrayList<>();

    public synchronized void willAnswer(String text) {
        answers.add(text);
    }

    /** The last prompt's text. */
    public synchronized String lastPrompt() {
        return text(asked.getLast().promptTokens());
    }

    private static String text(int[] tokens) {
        byte[] bytes = new byte[tokens.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) tokens[i];
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public synchronized List<SequenceHandle> submit(List<SequenceRequest> sequences) {
        List<SequenceHandle> handles = new ArrayList<>();
        for (SequenceRequest sequence : sequences) {
            asked.add(sequence);
            answer(sequence, answers.remove());
            handles.add(cause -> {});
        }
        return handles;
    }

    private static void answer(SequenceRequest sequence, String text) {
        TokenSink sink = sequence.sink();
        sink.onAdmitted(0, Optional.empty());
        int count = 0;
        Optional<TokenConstraint> held = sequence.constraint().map(Constraint::begin);
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            count++;
            held.ifPresent(constraint -> draw(constraint, Byte.toUnsignedInt(b), text));
            TokenSink.Verdict verdict = sink.onToken(new GeneratedToken(Byte.toUnsignedInt(b), -0.5f, List.of()));
            if (verdict == TokenSink.Verdict.STOP) {
                sink.onFinished(FinishReason.STOP, SparsityUsage.NONE);
                return;
            }
            if (count == sequence.maxTokens()) {
                sink.onFinished(FinishReason.LENGTH, SparsityUsage.NONE);
                return;
            }
        }
        held.ifPresent(constraint -> require(constraint, new ByteTokens().end(), text));
        sink.onFinished(FinishReason.STOP, SparsityUsage.NONE);
    }

    private static void draw(TokenConstraint held, int token, String text) {
        require(held, token, text);
        held.accept(token);
    }

    private static void require(TokenConstraint held, int token, String text) {
        if (!held.mask().allows(token)) {
            throw new AssertionError("the token " + token + " is not allowed in " + text);
        }
    }

    @Override
    public int contextLength() {
        return 100_000;
    }
}
