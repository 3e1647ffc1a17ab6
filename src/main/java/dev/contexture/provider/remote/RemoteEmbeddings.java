package dev.contexture.provider.remote;

import dev.contexture.provider.ContextureException;
import dev.contexture.provider.ContextureException.Kind;
import dev.contexture.provider.Failures;
import dev.contexture.session.embedding.EmbeddingInput;
import dev.contexture.session.embedding.EmbeddingRequest;
import dev.contexture.session.embedding.EmbeddingResult;
import dev.contexture.session.embedding.EmbeddingService;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;

/** Vectors by a service over HTTP. Fails with {@link ContextureException} alone. */
final class RemoteEmbeddings implements EmbeddingService {
    private static final String PATH = "/embeddings";

    private final HttpTransport http;
    private final ServedModels models;

    RemoteEmbeddings(HttpTransport http, ServedModels models) {
        this.http = http;
        this.models = models;
    }

    @Override
    public Mono<EmbeddingResult> embed(EmbeddingRequest request) {
        return models.embedding()
                .flatMap(model -> http.post(PATH, body(request, model.id()), true))
                .map(this::result)
                .onErrorMap(models.forgetting())
                .onErrorMap(Failures::of);
    }

    private static Map<String, Object> body(EmbeddingRequest request, String model) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("model", model);
        body.put(
                "input",
                request.inputs().stream()
                        .<Object>map(input -> switch (input) {
                            case EmbeddingInput.Text text -> text.text();
                            case EmbeddingInput.Tokens tokens -> tokens.tokenIds();
                        })
                        .toList());
        // A third of the size, and the same numbers to the last bit.
        body.put("encoding_format", "base64");
        request.dimensions().ifPresent(count -> body.put("dimensions", count));
        return body;
    }

    private EmbeddingResult result(JsonNode answer) {
        List<float[]> vectors = new ArrayList<>();
        for (JsonNode embedding : answer.path("data")) {
            if (embedding.path("index").intValue(-1) != vectors.size()) {
                throw RemoteFailures.unreadable(http.address(PATH), null);
            }
            vectors.add(vector(embedding.path("embedding").stringValue("")));
        }
        return new EmbeddingResult(
                vectors, answer.path("usage").path("prompt_tokens").intValue(0));
    }

    private float[] vector(String base64) {
        ByteBuffer bytes;
        try {
            bytes = ByteBuffer.wrap(Base64.getDecoder().decode(base64)).order(ByteOrder.LITTLE_ENDIAN);
        } catch (IllegalArgumentException e) {
            throw RemoteFailures.unreadable(http.address(PATH), e);
        }
        float[] vector = new float[bytes.remaining() / Float.BYTES];
        bytes.asFloatBuffer().get(vector);
        return vector;
    }

    /** Asks the service the first time; blocks for that. */
    @Override
    public ModelDescription model() {
        ModelDescription model = models.embedding().onErrorMap(Failures::of).block();
        if (model == null) {
            throw new ContextureException(Kind.INTERNAL, "the service listed no models");
        }
        return model;
    }
}
