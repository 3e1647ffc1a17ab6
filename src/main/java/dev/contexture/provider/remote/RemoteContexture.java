package dev.contexture.provider.remote;

import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.ContextureMemory;
import dev.contexture.session.embedding.EmbeddingService;
import java.util.function.DoubleSupplier;

/**
 * A service over HTTP: hands out what the adapters ask. Nothing is sent before it is needed, so the service may start later. Safe for
 * use by several threads.
 */
public final class RemoteContexture implements AutoCloseable {
    private final HttpTransport http;
    private final ContextureClient chat;
    private final EmbeddingService embeddings;
    private final ContextureMemory memory;

    /**
     * @param random in [0, 1), spreads the retries of callers that failed together
     */
    public RemoteContexture(RemoteSettings settings, DoubleSupplier random) {
        this.http = new HttpTransport(settings, random);
        ServedModels models = new ServedModels(http);
        this.chat = new RemoteClient(http, models);
        this.embeddings = new RemoteEmbeddings(http, models);
        this.memory = new RemoteMemory(http);
    }

    public ContextureClient chat() {
        return chat;
    }

    public EmbeddingService embeddings() {
        return embeddings;
    }

    public ContextureMemory memory() {
        return memory;
    }

    /** Ends what runs. */
    @Override
    public void close() {
        http.close();
    }
}
