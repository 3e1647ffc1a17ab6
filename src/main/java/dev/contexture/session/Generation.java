package dev.contexture.session;

import dev.contexture.constrain.Constraint;
import dev.contexture.core.FinishReason;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityUsage;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.scheduler.CancelCause;
import dev.contexture.scheduler.GeneratedToken;
import dev.contexture.scheduler.RestoreReport;
import dev.contexture.scheduler.SequenceRequest;
import dev.contexture.scheduler.TokenGenerator;
import dev.contexture.scheduler.TokenGenerator.SequenceHandle;
import dev.contexture.scheduler.TokenSink;
import dev.contexture.session.GenerationEvent.Begun;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Drawn;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Part;
import dev.contexture.session.GenerationEvent.Usage;
import dev.contexture.session.dialect.AnswerForm;
import dev.contexture.session.dialect.AnswerParser;
import dev.contexture.session.dialect.AnswerPart;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import reactor.core.publisher.FluxSink;

/**
 * One request while it runs: the sinks of its choices, which are all called by one thread, and the events that they emit. The emitter buffers without blocking; what it can hold is bounded by the choices' token limits.
 */
final class Generation {
    private final FluxSink<GenerationEvent> events;
    private final int promptTokens;
    private int running;
    private int cachedTokens;
    private int completionTokens;
    private int reasoningTokens;
    private SparsityUsage sparsity = SparsityUsage.NONE;
    private Optional<RestoreReport> restore = Optional.empty();
    private boolean begun;
    private boolean failed;
    private volatile List<SequenceHandle> handles = List.of();
    private volatile boolean cancelled;

    private Generation(FluxSink<GenerationEvent> events, int promptTokens, int choices) {
        this.events = events;
        this.promptTokens = promptTokens;
        this.running = choices;
    }

    /** How answers are taken apart: a parser for each. */
    record Answers(AnswerForm form, Supplier<AnswerParser> parsers) {}

    static void start(
            GenerationRequest request,
            int[] prompt,
            Answers answers,
            int maxTokens,
            Sparsity sparsity,
            Optional<TierUse> tiers,
            Optional<Constraint> constraint,
            Tokenizer tokenizer,
            TokenGenerator generator,
            FluxSink<GenerationEvent> events) {
        Generation generation = new Generation(events, prompt.length, request.choices());
        Set<Integer> stopTokens = tokenizer.endOfSequence();
        List<SequenceRequest> sequences = new ArrayList<>();
        for (int choice = 0; choice < request.choices(); choice++) {
            ChoiceText text = new ChoiceText(
                    tokenizer,
                    request.stop(),
                    request.sampling().logprobs(),
                    constraint.isPresent()
                            ? answers.form().heldMarkers()
                            : answers.form().markers());
            sequences.add(new SequenceRequest(
                    prompt,
                    maxTokens,
                    stopTokens,
                    request.sampling(),
                    request.tenant(),
                    GenerationRequest.prefixSalt(request.tenant(), request.cacheSalt()),
                    sparsity,
                    tiers,
                    constraint,
                    generation
                    .new Choice(choice, text, answers, request.session().isPresent())));
        }
        events.onCancel(generation::cancel);
        generation.attach(generator.submit(sequences));
    }

    /** The subscriber may have left while the sequences were submitted. */
    private void attach(List<SequenceHandle> submitted) {
        handles = List.copyOf(submitted);
        if (cancelled) {
            cancel();
        }
    }

    private void tell(GenerationEvent event) {
        if (!begun) {
            begun = true;
            events.next(new Begun(promptTokens, cachedTokens));
        }
        events.next(event);
    }

    private void cancel() {
        cancelled = true;
        handles.forEach(handle -> handle.cancel(CancelCause.CLIENT_DISCONNECTED));
    }

    /** Where one choice's tokens go. */
    private final class Choice implements TokenSink {
        private final int index;
        private final ChoiceText text;
        private final AnswerForm form;
        private final AnswerParser parser;
        private final boolean tellsTokens;
        private final List<Integer> drawn = new ArrayList<>();

        private Choice(int index, ChoiceText text, Answers answers, boolean tellsTokens) {
            this.index = index;
            this.text = text;
            this.form = answers.form();
            this.parser = answers.parsers().get();
            this.tellsTokens = tellsTokens;
        }

        @Override
        public void onAdmitted(int cached, Optional<RestoreReport> restored) {
            if (index == 0) {
                cachedTokens = cached;
                restore = restored;
            }
        }

        @Override
        public Verdict onToken(GeneratedToken token) {
            completionTokens++;
            if (tellsTokens) {
                drawn.add(token.tokenId());
            }
            boolean thinking = parser.isThinking();
            ChoiceText.Piece piece = text.append(token);
            emit(piece, parser.append(piece.text()));
            if (thinking || parser.isThinking()) {
                reasoningTokens++;
            }
            return piece.stopped() || parser.isFull() ? Verdict.STOP : Verdict.CONTINUE;
        }

        @Override
        public void onFinished(FinishReason reason, SparsityUsage usage) {
            sparsity = sparsity.plus(usage);
            ChoiceText.Piece rest = text.finish();
            List<AnswerPart> parts = new ArrayList<>(parser.append(rest.text()));
            parts.addAll(parser.finish());
            emit(rest, parts);
            tellDrawn("");
            tell(new Finished(index, finish(rest.stopped() ? FinishReason.STOP : reason), rest.stop()));
            ended();
        }

        private FinishReason finish(FinishReason reason) {
            boolean calls = parser.calls() > 0 && !form.isNamed();
            return reason == FinishReason.STOP && calls ? FinishReason.TOOL_CALLS : reason;
        }

        @Override
        public void onFailed(RuntimeException cause) {
            if (!failed && !events.isCancelled()) {
                failed = true;
                events.error(cause);
                cancel(); // nobody listens to the other choices any more
            }
            ended();
        }

        private void emit(ChoiceText.Piece piece, List<AnswerPart> parts) {
            if (!piece.text().isEmpty()) {
                tellDrawn(piece.text());
            }
            boolean detailed = piece.tokens().isEmpty();
            for (AnswerPart part : parts) {
                if (part instanceof AnswerPart.Text more) {
                    tell(new Delta(index, more.text(), detailed ? List.of() : piece.tokens()));
                    detailed = true;
                } else {
                    tell(new Part(index, part));
                }
            }
            if (!detailed) {
                tell(new Delta(index, "", piece.tokens()));
            }
        }

        private void tellDrawn(String raw) {
            if (tellsTokens && !(drawn.isEmpty() && raw.isEmpty())) {
                tell(new Drawn(index, raw, drawn));
                drawn.clear();
            }
        }

        private void ended() {
            running--;
            if (running == 0 && !failed) {
                tell(new Completed(
                        new Usage(promptTokens, cachedTokens, completionTokens, reasoningTokens, sparsity, restore)));
                events.complete();
            }
        }
    }
}
