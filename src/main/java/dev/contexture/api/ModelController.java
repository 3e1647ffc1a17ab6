package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.session.InferenceService;
import dev.contexture.session.InferenceService.ModelDescription;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** What is served. */
@RestController
public class ModelController {
    private final InferenceService service;

    public ModelController(InferenceService service) {
        this.service = service;
    }

    @Schema(name = "ModelList")
    record ModelList(
            @JsonProperty("object") String object,
            @JsonProperty("data") List<Model> data) {}

    /**
     * @param maxModelLen longest sequence in tokens, prompt and output together
     */
    @Schema(name = "Model")
    record Model(
            @JsonProperty("id") String id,
            @JsonProperty("object") String object,
            @JsonProperty("created") long created,
            @JsonProperty("owned_by") String ownedBy,
            @JsonProperty("max_model_len") int maxModelLen,
            @JsonProperty("contexture") Extension contexture) {
        /** What is ours. */
        record Extension(@JsonProperty("sparsity") Sparse sparsity) {}

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
                    new Extension(new Sparse(
                            ContextureFields.name(sparsity.defaults().mode()),
                            sparsity.selector(),
                            sparsity.defaults().budget(),
                            sparsity.maxBudget())));
        }
    }

    @Operation(summary = "Lists the models")
    @GetMapping("/v1/models")
    ModelList list() {
        return new ModelList("list", List.of(Model.of(service.model())));
    }

    /**
     * @param id may have slashes
     */
    @Operation(summary = "Describes one model")
    @GetMapping("/v1/models/{*id}")
    Model one(@PathVariable String id) {
        ServedModel.require(id.substring(1), service);
        return Model.of(service.model());
    }
}
