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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * {@link ObedientModel} in the step loop's place: a thread of its own draws tokens of {@link ByteTokenizer}, one after the other, of the first answer that the
 * request's constraint lets through, until a limit, a stop sequence or a cancel ends it.
 */
public final class ObedientGenerator implements TokenGenerator, AutoCloseable {
    private static final int CONTEXT_LENGTH = 100_000;

    private final ExecutorService loop = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("obedient-steps").factory());

    @Override
    public List<SequenceHandle> submit(List<SequenceRequest> sequences) {
        List<SequenceHandle> handles = new ArrayList<>();
        for (SequenceRequest sequence : sequences) {
            AtomicBoolean cancelled = new AtomicBoolean();
            handles.add(cause -> cancelled.set(true));
            loop.execute(() -> run(sequence, cancelled));
        }
        return handles;
    }

    private static void run(SequenceRequest sequence, AtomicBoolean cancelled) {
        sequence.sink().onAdmitted(0, Optional.empty());
        try {
            byte[] answer = answer(sequence).getBytes(StandardCharsets.UTF_8);
            sequence.sink().onFinished(draw(answer, sequence, cancelled), SparsityUsage.NONE);
        } catch (RuntimeException e) {
            sequence.sink().onFailed(e);
        }
    }

    private static String answer(SequenceRequest sequence) {
        String prompt = text(sequence.promptTokens());
        List<String> answers = ObedientModel.answers(prompt);
        return answers.stream()
                .filter(answer -> sequence.constraint()
                        .map(constraint -> allows(constraint, answer))
                        .orElse(true))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("none of " + answers + " is allowed"));
    }

    private static boolean allows(Constraint constraint, String answer) {
        TokenConstraint held = constraint.begin();
        for (byte b : answer.getBytes(StandardCharsets.UTF_8)) {
            if (!held.mask().allows(Byte.toUnsignedInt(b))) {
                return false;
            }
            held.accept(Byte.toUnsignedInt(b));
        }
        return held.mask().allows(new ByteTokens().end());
    }

    private static FinishReason draw(byte[] answer, SequenceRequest sequence, AtomicBoolean cancelled) {
        int count = 0;
        for (byte b : answer) {
            if (cancelled.get()) {
                return FinishReason.CANCELLED;
            }
            count++;
            GeneratedToken token = new GeneratedToken(Byte.toUnsignedInt(b), Float.NaN, List.of());
            if (sequence.sink().onToken(token) == TokenSink.Verdict.STOP) {
                return FinishReason.STOP;
            }
            if (count == sequence.maxTokens()) {
                return FinishReason.LENGTH;
            }
        }
        return FinishReason.STOP;
    }

    private static String text(int[] tokens) {
        byte[] bytes = new byte[tokens.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) tokens[i];
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public int contextLength() {
        return CONTEXT_LENGTH;
    }

    @Override
    public void close() {
        loop.shutdownNow();
    }
}
