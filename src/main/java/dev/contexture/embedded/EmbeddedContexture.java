package dev.contexture.embedded;

import dev.contexture.config.EngineLibraries;
import dev.contexture.config.StandaloneEngine;
import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.ContextureMemory;
import dev.contexture.provider.EmbeddedClient;
import dev.contexture.provider.EmbeddedMemory;
import dev.contexture.session.InferenceService;
import dev.contexture.session.SessionService;
import dev.contexture.session.embedding.EmbeddingService;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A model that is loaded into this process and served to it alone: the engine of the service, without HTTP. Sessions live as
 * long as it does, or in Redis where {@code contexture.redis.url} names one.
 *
 * <pre>{@code
 * try (EmbeddedContexture contexture = EmbeddedContexture.open(Map.of("contexture.kv.device-bytes", "500MB"))) {
 *     ChatModel model = ContextureChatModel.builder().client(contexture.client()).build();
 * }
 * }</pre>
 */
public final class EmbeddedContexture implements AutoCloseable {
    private final AutoCloseable engine;
    private final InferenceService service;
    private final SessionService sessions;
    private final Optional<EmbeddingService> embeddings;

    EmbeddedContexture(
            AutoCloseable engine,
            InferenceService service,
            SessionService sessions,
            Optional<EmbeddingService> embeddings) {
        this.engine = engine;
        this.service = service;
        this.sessions = sessions;
        this.embeddings = embeddings;
    }

    /** The default model with default settings. */
    public static EmbeddedContexture open() {
        return open(Map.of());
    }

    /**
     * Fetches the model if it is not there, and loads it: the first start takes its time.
     *
     * @param settings by the names of docs/configuration.md, such as {@code contexture.model.id}
     * @throws dev.contexture.config.MissingLibraryException if the class path lacks what the engine needs
     * @throws RuntimeException says what is wrong with a setting, the model or the machine
     */
    public static EmbeddedContexture open(Map<String, ?> settings) {
        EngineLibraries.require();
        StandaloneEngine.requireKnown(settings.keySet());
        return EngineContext.open(new HashMap<>(settings));
    }

    /** What the models of LangChain4j and Spring AI are made over. */
    public ContextureClient client() {
        return new EmbeddedClient(service, Optional.of(sessions));
    }

    /** What memories of the frameworks are made over. */
    public ContextureMemory memory() {
        return EmbeddedMemory.of(sessions);
    }

    public InferenceService service() {
        return service;
    }

    public SessionService sessions() {
        return sessions;
    }

    /** Vectors of texts; empty where {@code contexture.embedding.model} is none. */
    public Optional<EmbeddingService> embeddings() {
        return embeddings;
    }

    /** Refuses new requests, lets running ones end for {@code contexture.scheduler.drain-timeout}, and frees the model. */
    @Override
    public void close() {
        try {
            engine.close();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("the engine did not close cleanly", e);
        }
    }
}
