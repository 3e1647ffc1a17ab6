package dev.contexture.testing;

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

/** Answers with given texts, one after the other, in tokens of {@link ByteTokenizer}. */
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
        FinishReason reason = FinishReason.STOP;
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            count++;
            TokenSink.Verdict verdict = sink.onToken(new GeneratedToken(Byte.toUnsignedInt(b), -0.5f, List.of()));
            if (verdict == TokenSink.Verdict.STOP) {
                break;
            }
            if (count == sequence.maxTokens()) {
                reason = FinishReason.LENGTH;
                break;
            }
        }
        sink.onFinished(reason, SparsityUsage.NONE);
    }

    @Override
    public int contextLength() {
        return 100_000;
    }
}
