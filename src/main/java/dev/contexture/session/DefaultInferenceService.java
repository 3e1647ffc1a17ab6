package dev.contexture.session;

import dev.contexture.constrain.Constraint;
import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.constrain.Constraints;
import dev.contexture.constrain.schema.UnsupportedSchemaException;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityPolicy;
import dev.contexture.model.tokenizer.IncrementalDetokenizer;
import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.scheduler.TokenGenerator;
import dev.contexture.session.dialect.AnswerForm;
import dev.contexture.session.dialect.AnswerParser;
import dev.contexture.session.dialect.CallListener;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * {@link InferenceService} over the step loop. Prompts are rendered and tokenised, schemas compiled on {@code textThreads}, tokens become text
 * where sinks are called, events leave on {@code eventThreads}: so neither a long prompt nor a slow reader holds up the loop.
 */
public final class DefaultInferenceService implements InferenceService {
    private static final String CALL_ID_PREFIX = "call_";

    private final Tokenizer tokenizer;
    private final PromptEncoder encoder;
    private final TokenGenerator generator;
    private final SparsityPolicy sparsity;
    private final Optional<TierScopes> tiers;
    private final ModelDescription model;
    private final Supplier<String> callIds;
    private final CallListener callListener;
    private final Constraints constraints;
    private final TextThreads textThreads;
    private final Scheduler eventThreads;

    /**
     * @param tiers names what is stored below the KV pool; empty if nothing is
     * @param callIds random, for calls of tools
     * @param textThreads bounded; a full queue refuses requests like the step loop's queue does
     */
    public DefaultInferenceService(
            Tokenizer tokenizer,
            PromptRenderer renderer,
            TokenGenerator generator,
            SparsityPolicy sparsity,
            Optional<TierScopes> tiers,
            ModelDescription model,
            Supplier<String> callIds,
            CallListener callListener,
            Constraints constraints,
            Scheduler textThreads,
            Scheduler eventThreads) {
        this.tokenizer = tokenizer;
        this.encoder = new PromptEncoder(tokenizer, renderer, generator.contextLength());
        this.generator = generator;
        this.sparsity = sparsity;
        this.tiers = tiers;
        this.model = model;
        this.callIds = callIds;
        this.callListener = callListener;
        this.constraints = constraints;
        this.textThreads = new TextThreads(textThreads);
        this.eventThreads = eventThreads;
    }

    @Override
    public Flux<GenerationEvent> generate(GenerationRequest request) {
        return textThreads
                .call(() -> prepare(request))
                .flatMapMany(prepared -> Flux.<GenerationEvent>create(
                                events -> Generation.start(
                                        request,
                                        prepared.prompt.tokens(),
                                        parsers(prepared.prompt.answer()),
                                        prepared.maxTokens,
                                        prepared.sparsity,
                                        tiers.map(scopes -> scopes.of(request)),
                                        prepared.constraint,
                                        tokenizer,
                                        generator,
                                        events),
                                FluxSink.OverflowStrategy.BUFFER)
                        .publishOn(eventThreads));
    }

    private Generation.Answers parsers(AnswerForm form) {
        return new Generation.Answers(
                form, () -> new AnswerParser(form, () -> CALL_ID_PREFIX + callIds.get(), callListener));
    }

    /** Checked and tokenised. */
    private record Prepared(Prompt.Encoded prompt, int maxTokens, Sparsity sparsity, Optional<Constraint> constraint) {}

    private Prepared prepare(GenerationRequest request) {
        for (int id : request.sampling().logitBias().keySet()) {
            if (id < 0 || id >= tokenizer.vocabularySize()) {
                throw new InvalidPromptException(
                        "logit_bias names token " + id + ", but the vocabulary has " + tokenizer.vocabularySize()
                                + " tokens",
                        "logit_bias");
            }
        }
        Sparsity sparsity = sparsity(request);
        Prompt.Encoded prompt = encoder.encode(request.prompt());
        int room = generator.contextLength() - prompt.tokens().length;
        int maxTokens = request.maxTokens().orElse(room);
        if (room < 1 || maxTokens > room) {
            throw new ContextLengthExceededException(
                    generator.contextLength(),
                    prompt.tokens().length,
                    request.maxTokens().orElse(0),
                    PromptEncoder.param(request.prompt()));
        }
        Optional<Constraint> constraint =
                prompt.answer().held(request.constraint()).map(spec -> compiled(spec, request));
        return new Prepared(prompt, maxTokens, sparsity, constraint);
    }

    private Constraint compiled(ConstraintSpec spec, GenerationRequest request) {
        if (!request.stop().isEmpty()) {
            throw new InvalidPromptException(
                    "stop must be left out where tool_choice asks for a call: a stop sequence would cut it", "stop");
        }
        try {
            return constraints.compile(spec);
        } catch (UnsupportedSchemaException e) {
            throw new InvalidPromptException(String.valueOf(e.getMessage()), param(e, request));
        }
    }

    /** The field that asks for what is refused; places in tools' schemas begin with the tool's name. */
    private static String param(UnsupportedSchemaException refused, GenerationRequest request) {
        if (!refused.path().startsWith("#")) {
            return "tools";
        }
        return request.constraint()
                .map(format -> format instanceof ConstraintSpec.Schema
                        ? "response_format.json_schema.schema"
                        : "response_format")
                .orElse("tool_choice");
    }

    private Sparsity sparsity(GenerationRequest request) {
        try {
            return sparsity.resolve(request.sparsity());
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            String field = message.substring(0, message.indexOf(' '));
            throw new InvalidPromptException("contexture.sparsity." + message, "contexture.sparsity." + field);
        }
    }

    @Override
    public Mono<int[]> tokenize(Prompt prompt) {
        return textThreads.call(() -> encoder.encode(prompt).tokens());
    }

    @Override
    public Mono<String> detokenize(List<Integer> tokenIds) {
        return textThreads.call(() -> {
            int[] checked = encoder.encode(new Prompt.Tokens(tokenIds)).tokens();
            IncrementalDetokenizer detokenizer = new IncrementalDetokenizer(tokenizer);
            StringBuilder text = new StringBuilder();
            for (int id : checked) {
                text.append(detokenizer.append(id));
            }
            return text.append(detokenizer.flush()).toString();
        });
    }

    @Override
    public ModelDescription model() {
        return model;
    }
}
