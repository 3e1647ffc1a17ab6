package dev.contexture.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.constrain.Constraints;
import dev.contexture.core.FinishReason;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityOverrides;
import dev.contexture.core.SparsityPolicy;
import dev.contexture.core.SparsityUsage;
import dev.contexture.scheduler.CancelCause;
import dev.contexture.scheduler.GeneratedToken;
import dev.contexture.scheduler.SequenceRequest;
import dev.contexture.scheduler.TokenGenerator;
import dev.contexture.session.GenerationEvent.Begun;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.dialect.CallListener;
import dev.contexture.session.dialect.WrittenPrompt;
import dev.contexture.testing.ByteTokenizer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.scheduler.Schedulers;

/** The entry point over a generator that the test plays. */
class DefaultInferenceServiceTest {
    private static final Duration SOON = Duration.ofSeconds(10);

    /** Takes sequences and does nothing with them. */
    private static final class ScriptedGenerator implements TokenGenerator {
        final List<SequenceRequest> sequences = new ArrayList<>();
        final List<CancelCause> cancels = new ArrayList<>();

        @Override
        public List<SequenceHandle> submit(List<SequenceRequest> requests) {
            sequences.addAll(requests);
            List<SequenceHandle> handles = new ArrayList<>();
            requests.forEach(request -> handles.add(cancels::add));
            return handles;
        }

        @Override
        public int contextLength() {
            return 50;
        }
    }

    private final ScriptedGenerator generator = new ScriptedGenerator();
    private final DefaultInferenceService service = new DefaultInferenceService(
            new ByteTokenizer(),
            chat -> {
                if (chat.messages().isEmpty()) {
                    throw new StackOverflowError("a template gone wild");
                }
                return WrittenPrompt.plain(
                        String.valueOf(chat.messages().getFirst().get("content")));
            },
            generator,
            SparsityPolicy.DENSE_ONLY,
            Optional.empty(),
            new InferenceService.ModelDescription(
                    "bytes", 50, 0, "f", new InferenceService.SparsityDescription(Sparsity.DENSE, 1, "none")),
            () -> "1",
            CallListener.NONE,
            new Constraints(new TokenizerTokens(new ByteTokenizer(), Set.of()), Runnable::run, () -> 0),
            Schedulers.immediate(),
            Schedulers.immediate());

    private static GenerationRequest request(Prompt prompt, int choices, String... stop) {
        return new GenerationRequest(
                prompt,
                OptionalInt.of(10),
                List.of(stop),
                choices,
                SamplingParams.GREEDY,
                "tenant",
                "",
                SparsityOverrides.NONE);
    }

    @Test
    void eventsOfSeveralChoicesEndWithUsage() {
        List<GenerationEvent> events = new ArrayList<>();
        service.generate(request(new Prompt.Text("ab"), 2)).subscribe(events::add);
        assertThat(generator.sequences).hasSize(2);
        for (SequenceRequest sequence : generator.sequences) {
            sequence.sink().onAdmitted(1, Optional.empty());
            sequence.sink().onToken(new GeneratedToken('x', -1f, List.of()));
            sequence.sink().onFinished(FinishReason.LENGTH, SparsityUsage.NONE);
        }
        assertThat(events)
                .containsExactly(
                        new Begun(2, 1),
                        new Delta(0, "x", List.of()),
                        new Finished(0, FinishReason.LENGTH),
                        new Delta(1, "x", List.of()),
                        new Finished(1, FinishReason.LENGTH),
                        new Completed(new GenerationEvent.Usage(2, 1, 2, SparsityUsage.NONE)));
    }

    @Test
    void aFailedChoiceEndsTheOthers() {
        List<Throwable> errors = new ArrayList<>();
        service.generate(request(new Prompt.Text("ab"), 3)).subscribe(event -> {}, errors::add);
        generator.sequences.getFirst().sink().onFailed(new IllegalStateException("broken"));
        assertThat(errors).hasSize(1);
        assertThat(generator.cancels).hasSize(3);
        generator.sequences.get(1).sink().onFinished(FinishReason.CANCELLED, SparsityUsage.NONE);
        generator.sequences.get(2).sink().onFinished(FinishReason.CANCELLED, SparsityUsage.NONE);
        assertThat(errors).hasSize(1);
    }

    @Test
    void leavingCancelsAllChoices() {
        Disposable subscription =
                service.generate(request(new Prompt.Text("ab"), 2)).subscribe();
        subscription.dispose();
        assertThat(generator.cancels).containsExactly(CancelCause.CLIENT_DISCONNECTED, CancelCause.CLIENT_DISCONNECTED);
    }

    @Test
    void promptsThatCannotFitAreRefused() {
        assertThatThrownBy(() -> service.generate(request(new Prompt.Text("x".repeat(45)), 1))
                        .blockLast(SOON))
                .isInstanceOf(ContextLengthExceededException.class)
                .hasMessageContaining("45 prompt tokens and asks for 10");
        assertThatThrownBy(() ->
                        service.tokenize(new Prompt.Text("x".repeat(5000))).block(SOON))
                .isInstanceOf(ContextLengthExceededException.class)
                .hasMessageContaining("at least 5000");
        assertThatThrownBy(() ->
                        service.tokenize(new Prompt.Tokens(List.of(7, 256))).block(SOON))
                .isInstanceOf(InvalidPromptException.class)
                .hasMessageContaining("token 256 at index 1");
        assertThat(generator.sequences).isEmpty();
    }

    @Test
    void anErrorWhileRenderingIsAnAnswerToo() {
        Prompt.Chat chat = new Prompt.Chat(List.of(), java.util.Map.of());
        assertThatThrownBy(() -> service.generate(request(chat, 1)).blockLast(SOON))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("could not be processed");
    }

    @Test
    void saltsOfTenantsNeverMeet() {
        service.generate(new GenerationRequest(
                        new Prompt.Text("a"),
                        OptionalInt.of(1),
                        List.of(),
                        1,
                        SamplingParams.GREEDY,
                        "a",
                        "b:c",
                        SparsityOverrides.NONE))
                .subscribe();
        service.generate(new GenerationRequest(
                        new Prompt.Text("a"),
                        OptionalInt.of(1),
                        List.of(),
                        1,
                        SamplingParams.GREEDY,
                        "a:b",
                        "c",
                        SparsityOverrides.NONE))
                .subscribe();
        assertThat(generator.sequences.get(0).cacheSalt())
                .isNotEqualTo(generator.sequences.get(1).cacheSalt());
    }
}
