package dev.contexture.provider.springai;

import dev.contexture.provider.TextEmbeddings;
import dev.contexture.session.embedding.EmbeddingResult;
import dev.contexture.session.embedding.EmbeddingService;
import io.micrometer.observation.ObservationRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.AbstractEmbeddingModel;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.embedding.EmbeddingResponseMetadata;
import org.springframework.ai.embedding.observation.DefaultEmbeddingModelObservationConvention;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationContext;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationConvention;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationDocumentation;

/** Spring AI's embedding model over the service in the same process or one over HTTP. Keeps nothing of a request; safe for use by several threads. */
public final class ContextureEmbeddingModel extends AbstractEmbeddingModel {
    private static final String PROVIDER = "contexture";

    private final EmbeddingService service;
    private final EmbeddingOptions options;
    private final ObservationRegistry observations;
    private volatile EmbeddingModelObservationConvention convention = new DefaultEmbeddingModelObservationConvention();

    /**
     * @param options for what a request leaves open
     * @param observations hears of each call
     */
    public ContextureEmbeddingModel(
            EmbeddingService service, EmbeddingOptions options, ObservationRegistry observations) {
        this.service = service;
        this.options = options;
        this.observations = observations;
    }

    /** For calls from now on. */
    public void setObservationConvention(EmbeddingModelObservationConvention newConvention) {
        this.convention = newConvention;
    }

    /** A model that gives all dimensions and is not observed. */
    public static ContextureEmbeddingModel of(EmbeddingService service) {
        return new ContextureEmbeddingModel(service, EmbeddingOptions.builder().build(), ObservationRegistry.NOOP);
    }

    @Override
    public EmbeddingResponse call(EmbeddingRequest request) {
        EmbeddingOptions used = completed(request.getOptions());
        EmbeddingModelObservationContext context = EmbeddingModelObservationContext.builder()
                .embeddingRequest(new EmbeddingRequest(request.getInstructions(), used))
                .provider(PROVIDER)
                .build();
        return Objects.requireNonNull(EmbeddingModelObservationDocumentation.EMBEDDING_MODEL_OPERATION
                .observation(null, convention, () -> context, observations)
                .observe(() -> {
                    EmbeddingResponse response = response(embedded(request.getInstructions(), used));
                    context.setResponse(response);
                    return response;
                }));
    }

    private EmbeddingOptions completed(@Nullable EmbeddingOptions asked) {
        String model = asked == null ? null : asked.getModel();
        Integer dimensions = asked == null ? null : asked.getDimensions();
        String named = model == null ? options.getModel() : model;
        Integer wanted = dimensions == null ? options.getDimensions() : dimensions;
        EmbeddingOptions.Builder builder =
                EmbeddingOptions.builder().model(named == null ? service.model().id() : named);
        return wanted == null ? builder.build() : builder.dimensions(wanted).build();
    }

    private EmbeddingResult embedded(List<String> texts, EmbeddingOptions used) {
        TextEmbeddings.requireServed(used.getModel(), service.model().id());
        Integer dimensions = used.getDimensions();
        EmbeddingResult result = TextEmbeddings.embed(
                        service, texts, dimensions == null ? OptionalInt.empty() : OptionalInt.of(dimensions))
                .block();
        if (result == null) {
            throw new IllegalStateException("the texts were embedded without an answer");
        }
        return result;
    }

    private EmbeddingResponse response(EmbeddingResult result) {
        List<Embedding> embeddings = new ArrayList<>(result.vectors().size());
        for (float[] vector : result.vectors()) {
            embeddings.add(new Embedding(vector, embeddings.size()));
        }
        return new EmbeddingResponse(
                embeddings,
                new EmbeddingResponseMetadata(service.model().id(), new DefaultUsage(result.promptTokens(), 0)));
    }

    @Override
    public float[] embed(Document document) {
        String text = getEmbeddingContent(document);
        return call(new EmbeddingRequest(text == null ? List.of() : List.of(text), options))
                .getResult()
                .getOutput();
    }

    /** Of the vectors that a request without options gets. */
    @Override
    public int dimensions() {
        Integer dimensions = options.getDimensions();
        return dimensions == null ? service.model().dimensions() : dimensions;
    }
}
