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
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Answers with given texts, one after the other, in tokens of {@link ByteTokenizer}. A text that its constraint, compiled for
 * {@link ByteTokens}, does not allow is an error: no model could draw it.
 */
public final class ScriptedGenerator implements TokenGenerator {
    private final Deque<Answer> answers = new ArrayDeque<>();
    private final AtomicInteger cancels = new AtomicInteger();
    private final List<SequenceRequest> asked = new ArrayList<>();

    /** What one request gets. */
    private sealed interface Answer {
        /**
         * @param ends whether it does, or goes on until it is cancelled
         * @param cachedTokens of its prompt, as far as it has so many
         */
        record Text(String text, boolean ends, int cachedTokens) implements Answer {}

        record Refusal(RuntimeException error) implements Answer {}
    }

    public void willAnswer(String text) {
        willAnswer(text, 0);
    }

    public synchronized void willAnswer(String text, int cachedTokens) {
        answers.add(new Answer.Text(text, true, cachedTokens));
    }

    /** Nothing comes behind the text. */
    public synchronized void willGoOnBehind(String text) {
        answers.add(new Answer.Text(text, false, 0));
    }

    public synchronized void willRefuse(RuntimeException error) {
        answers.add(new Answer.Refusal(error));
    }

    /** As if nothing had been scripted. */
    public synchronized void forget() {
        answers.clear();
    }

    /** Of sequences so far. */
    public int cancels() {
        return cancels.get();
    }

    /** Refusals and answers that nobody has had yet. */
    public synchronized int left() {
        return answers.size();
    }

    public synchronized SequenceRequest lastRequest() {
        return asked.getLast();
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
            switch (answers.remove()) {
                case Answer.Text text -> answer(sequence, text);
                case Answer.Refusal refusal -> throw refusal.error;
            }
            handles.add(cause -> cancels.incrementAndGet());
        }
        return handles;
    }

    private static void answer(SequenceRequest sequence, Answer.Text answer) {
        String text = answer.text;
        TokenSink sink = sequence.sink();
        sink.onAdmitted(Math.min(answer.cachedTokens, sequence.promptTokens().length), Optional.empty());
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
        if (!answer.ends) {
            return;
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
