package dev.contexture.provider.langchain4j;

import dev.contexture.provider.TextEmbeddings;
import dev.contexture.session.embedding.EmbeddingResult;
import dev.contexture.session.embedding.EmbeddingService;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingInput;
import dev.langchain4j.model.embedding.request.EmbeddingParameter;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.request.EmbeddingRequestParameters;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.output.TokenUsage;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/** LangChain4j's embedding model over the service in the same process or one over HTTP. Keeps nothing of a request; safe for use by several threads. */
public final class ContextureEmbeddingModel implements EmbeddingModel {
    private final EmbeddingService service;
    private final EmbeddingRequestParameters defaults;
    private final List<EmbeddingModelListener> listeners;

    /**
     * @param defaults for what a request leaves open
     */
    public ContextureEmbeddingModel(
            EmbeddingService service, EmbeddingRequestParameters defaults, List<EmbeddingModelListener> listeners) {
        this.service = service;
        this.defaults = defaults;
        this.listeners = List.copyOf(listeners);
    }

    /** A model that gives all dimensions. */
    public static ContextureEmbeddingModel of(EmbeddingService service) {
        return new ContextureEmbeddingModel(service, EmbeddingRequestParameters.EMPTY, List.of());
    }

    @Override
    public EmbeddingResponse doEmbed(EmbeddingRequest request) {
        EmbeddingResponse response = embedded(request).block();
        if (response == null) {
            throw new IllegalStateException("the texts were embedded without an answer");
        }
        return response;
    }

    /** Cancelling the future ends the work with the batches that are being computed. */
    @Override
    public CompletableFuture<EmbeddingResponse> doEmbedAsync(EmbeddingRequest request) {
        CompletableFuture<EmbeddingResponse> future = new CompletableFuture<>();
        Disposable work = embedded(request).subscribe(future::complete, future::completeExceptionally);
        future.whenComplete((response, error) -> work.dispose());
        return future;
    }

    private Mono<EmbeddingResponse> embedded(EmbeddingRequest request) {
        return TextEmbeddings.model(service)
                .flatMap(model -> {
                    TextEmbeddings.requireServed(request.modelName(), model.id());
                    Integer dimensions = request.dimensions();
                    return TextEmbeddings.embed(
                                    service,
                                    request.inputs().stream()
                                            .map(EmbeddingInput::text)
                                            .toList(),
                                    dimensions == null ? OptionalInt.empty() : OptionalInt.of(dimensions))
                            .map(result -> response(result, model.id()));
                })
                .onErrorMap(ChatTranslation::exception);
    }

    private static EmbeddingResponse response(EmbeddingResult result, String model) {
        return EmbeddingResponse.builder()
                .embeddings(result.vectors().stream().map(Embedding::from).toList())
                .modelName(model)
                .tokenUsage(new TokenUsage(result.promptTokens(), 0))
                .build();
    }

    @Override
    public Set<EmbeddingParameter<?>> supportedParameters() {
        return Set.of(EmbeddingRequestParameters.MODEL_NAME, EmbeddingRequestParameters.DIMENSIONS);
    }

    @Override
    public EmbeddingRequestParameters defaultRequestParameters() {
        return defaults;
    }

    @Override
    public List<EmbeddingModelListener> listeners() {
        return listeners;
    }

    @Override
    public ModelProvider provider() {
        return ModelProvider.OTHER;
    }

    /** Of the vectors that a request without parameters gets. */
    @Override
    public int dimension() {
        Integer dimensions = defaults.dimensions();
        return dimensions == null ? service.model().dimensions() : dimensions;
    }

    @Override
    public String modelName() {
        return service.model().id();
    }
}
