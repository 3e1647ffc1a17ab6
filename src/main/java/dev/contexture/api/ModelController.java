package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.session.InferenceService;
import dev.contexture.session.InferenceService.ModelDescription;
import dev.contexture.session.embedding.EmbeddingService;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** What is served. */
@RestController
public class ModelController {
    private final InferenceService service;
    private final Optional<EmbeddingService> embeddings;

    public ModelController(InferenceService service, Optional<EmbeddingService> embeddings) {
        this.service = service;
        this.embeddings = embeddings;
    }

    @Schema(name = "ModelList")
    record ModelList(
            @JsonProperty("object") String object,
            @JsonProperty("data") List<Model> data) {}

    /**
     * @param maxModelLen longest sequence in tokens: prompt and output together, or a text to embed
     */
    @Schema(name = "Model")
    record Model(
            @JsonProperty("id") String id,
            @JsonProperty("object") String object,
            @JsonProperty("created") long created,
            @JsonProperty("owned_by") String ownedBy,
            @JsonProperty("max_model_len") int maxModelLen,
            @JsonProperty("contexture") Extension contexture) {
        /**
         * What is ours.
         *
         * @param sparsity of a model that chats
         * @param embedding of a model that embeds
         */
        @Schema(name = "ModelExtension")
        @JsonInclude(JsonInclude.Include.NON_NULL)
        record Extension(
                @JsonProperty("sparsity") @Nullable Sparse sparsity,
                @JsonProperty("embedding") @Nullable Vectors embedding) {}

        @Schema(name = "ModelEmbedding")
        record Vectors(
                @JsonProperty("dimensions") int dimensions,
                @JsonProperty("max_inputs") int maxInputs,
                @JsonProperty("max_request_tokens") int maxRequestTokens) {}

        /**
         * @param selector what chooses what a step attends to: head (trained), descriptors (training-free) or none
         */
        @Schema(name = "ModelSparsity")
        record Sparse(
                @JsonProperty("mode") String mode,
                @JsonProperty("selector") String selector,
                @JsonProperty("budget") int budget,
                @JsonProperty("max_budget") int maxBudget) {}

        static Model of(ModelDescription model) {
            InferenceService.SparsityDescription sparsity = model.sparsity();
            return new Model(
                    model.id(),
                    "model",
                    model.createdEpochSeconds(),
                    "contexture",
                    model.contextLength(),
                    new Extension(
                            new Sparse(
                                    ContextureFields.name(sparsity.defaults().mode()),
                                    sparsity.selector(),
                                    sparsity.defaults().budget(),
                                    sparsity.maxBudget()),
                            null));
        }

        static Model of(EmbeddingService.ModelDescription model) {
            return new Model(
                    model.id(),
                    "model",
                    model.createdEpochSeconds(),
                    "contexture",
                    model.maxInputTokens(),
                    new Extension(null, new Vectors(model.dimensions(), model.maxInputs(), model.maxRequestTokens())));
        }
    }

    @Operation(summary = "Lists the models")
    @GetMapping("/v1/models")
    ModelList list() {
        return new ModelList("list", models().toList());
    }

    /**
     * @param id may have slashes
     */
    @Operation(summary = "Describes one model")
    @GetMapping("/v1/models/{*id}")
    Model one(@PathVariable String id) {
        String asked = id.substring(1);
        return models().filter(model -> model.id().equals(asked))
                .findFirst()
                .orElseThrow(() -> new UnknownModelException(
                        asked, models().map(Model::id).collect(Collectors.joining("' and '"))));
    }

    private Stream<Model> models() {
        return Stream.concat(
                Stream.of(Model.of(service.model())), embeddings.stream().map(e -> Model.of(e.model())));
    }
}
