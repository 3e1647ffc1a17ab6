package dev.contexture.provider;

import dev.contexture.session.embedding.EmbeddingInput;
import dev.contexture.session.embedding.EmbeddingRequest;
import dev.contexture.session.embedding.EmbeddingResult;
import dev.contexture.session.embedding.EmbeddingService;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Any number of texts as requests that each are within the service's bounds, one after the other: frameworks hand over whole documents. */
public final class TextEmbeddings {
    private TextEmbeddings() {}

    public static Mono<EmbeddingResult> embed(EmbeddingService service, List<String> texts, OptionalInt dimensions) {
        return Flux.fromIterable(texts)
                .<EmbeddingInput>map(EmbeddingInput.Text::new)
                .buffer(service.model().safeInputs())
                .concatMap(part -> service.embed(new EmbeddingRequest(part, dimensions)))
                .collectList()
                .map(TextEmbeddings::joined);
    }

    private static EmbeddingResult joined(List<EmbeddingResult> parts) {
        List<float[]> vectors = new ArrayList<>();
        int tokens = 0;
        for (EmbeddingResult part : parts) {
            vectors.addAll(part.vectors());
            tokens += part.promptTokens();
        }
        return new EmbeddingResult(vectors, tokens);
    }
}
