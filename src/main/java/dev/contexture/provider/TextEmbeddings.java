package dev.contexture.provider;

import dev.contexture.provider.ContextureException.Kind;
import dev.contexture.session.embedding.EmbeddingInput;
import dev.contexture.session.embedding.EmbeddingRequest;
import dev.contexture.session.embedding.EmbeddingResult;
import dev.contexture.session.embedding.EmbeddingService;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Any number of texts as requests that each are within the service's bounds, one after the other: frameworks hand over whole documents. */
public final class TextEmbeddings {
    private TextEmbeddings() {}

    public static Mono<EmbeddingResult> embed(EmbeddingService service, List<String> texts, OptionalInt dimensions) {
        return model(service)
                .flatMap(model -> Flux.fromIterable(texts)
                        .<EmbeddingInput>map(EmbeddingInput.Text::new)
                        .buffer(model.safeInputs())
                        .concatMap(part -> service.embed(new EmbeddingRequest(part, dimensions)))
                        .collectList()
                        .map(TextEmbeddings::joined)
                        .onErrorMap(Failures::of));
    }

    /**
     * @param asked name of a model; null: whatever there is
     * @throws ContextureException if it is another than the service's
     */
    public static void requireServed(@Nullable String asked, String served) {
        if (asked != null && !asked.equals(served)) {
            throw new ContextureException(
                    Kind.MODEL_NOT_FOUND,
                    "the model " + asked + " does not embed here; " + served + " does",
                    "model",
                    null,
                    null);
        }
    }

    /** On a thread that may block, as a service over HTTP has to be asked first. */
    public static Mono<EmbeddingService.ModelDescription> model(EmbeddingService service) {
        return Mono.fromCallable(service::model)
                .subscribeOn(Schedulers.boundedElastic())
                .onErrorMap(Failures::of);
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
