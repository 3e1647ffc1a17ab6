package dev.contexture.provider.langchain4j;

import dev.contexture.provider.ContextureClient;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What both chat models are made of; a client is all that they need.
 *
 * @param <M> the model
 * @param <B> the builder itself
 */
public abstract class ChatModelBuilder<M, B extends ChatModelBuilder<M, B>> {
    private @Nullable ContextureClient client;
    private ChatRequestParameters defaults = ContextureChatRequestParameters.EMPTY;
    private List<ChatModelListener> listeners = List.of();

    ChatModelBuilder() {}

    abstract B self();

    abstract M model(ContextureClient ofClient, ChatRequestParameters ofDefaults, List<ChatModelListener> ofListeners);

    public B client(ContextureClient newClient) {
        this.client = newClient;
        return self();
    }

    /** For what a request leaves open. */
    public B defaultRequestParameters(ChatRequestParameters parameters) {
        this.defaults = parameters;
        return self();
    }

    public B listeners(List<ChatModelListener> newListeners) {
        this.listeners = newListeners;
        return self();
    }

    /**
     * @throws IllegalArgumentException if there is no client
     */
    public M build() {
        if (client == null) {
            throw new IllegalArgumentException(
                    "a client is needed: EmbeddedClient for the engine of this process, RemoteContexture.chat() for a service");
        }
        return model(client, defaults, listeners);
    }
}
