package dev.contexture.provider.remote;

import dev.contexture.provider.ContextureException;
import dev.contexture.provider.ContextureException.Kind;
import dev.contexture.session.embedding.EmbeddingService;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;

/** What the service serves: asked for when first needed, and again after it refused a name that it gave. */
final class ServedModels {
    private static final String PATH = "/models";

    private final HttpTransport http;
    private final AtomicReference<@Nullable JsonNode> known = new AtomicReference<>();

    ServedModels(HttpTransport http) {
        this.http = http;
    }

    /** The model that chats. */
    Mono<String> chat() {
        return models().map(
                        list -> find(list, "sparsity", "that chats").path("id").stringValue(""));
    }

    /** The model that embeds. */
    Mono<EmbeddingService.ModelDescription> embedding() {
        return models().map(list -> {
            JsonNode model = find(list, "embedding", "that embeds (contexture.embedding.model is none)");
            JsonNode bounds = model.path("contexture").path("embedding");
            return new EmbeddingService.ModelDescription(
                    model.path("id").stringValue(""),
                    bounds.path("dimensions").intValue(0),
                    model.path("max_model_len").intValue(0),
                    bounds.path("max_inputs").intValue(0),
                    bounds.path("max_request_tokens").intValue(0),
                    model.path("created").longValue(0));
        });
    }

    private JsonNode find(JsonNode list, String kind, String words) {
        for (JsonNode model : list.path("data")) {
            if (model.path("contexture").hasNonNull(kind)) {
                return model;
            }
        }
        throw new ContextureException(
                Kind.MODEL_NOT_FOUND, "the service at " + http.address(PATH) + " lists no model " + words);
    }

    private Mono<JsonNode> models() {
        return Mono.defer(() -> {
            JsonNode list = known.get();
            return list == null ? http.get(PATH).doOnNext(known::set) : Mono.just(list);
        });
    }

    /** To be put behind requests that name a model. */
    Function<Throwable, Throwable> forgetting() {
        return error -> {
            if (error instanceof ContextureException failure && failure.kind() == Kind.MODEL_NOT_FOUND) {
                known.set(null);
            }
            return error;
        };
    }
}
