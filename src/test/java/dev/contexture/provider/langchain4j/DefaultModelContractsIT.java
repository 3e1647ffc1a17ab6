package dev.contexture.provider.langchain4j;

import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.EmbeddedClient;
import dev.contexture.provider.remote.RemoteContexture;
import dev.contexture.provider.remote.RemoteSettings;
import dev.contexture.service.ServiceTest;
import dev.contexture.session.InferenceService;
import dev.contexture.session.embedding.EmbeddingService;
import dev.contexture.testing.DefaultModel;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/** LangChain4j's contracts with the default model, in the service's process and over HTTP: what 135 million parameters can do of them. */
@ServiceTest
class DefaultModelContractsIT {
    private static final String EMBEDDED = "default model, embedded";
    private static final String REMOTE = "default model, remote";

    /** Greedy, and with an end where the model does not find one. */
    private static final ChatRequestParameters DEFAULTS = ChatRequestParameters.builder()
            .temperature(0.0)
            .maxOutputTokens(300)
            .build();

    private static @Nullable RemoteContexture remote;

    @LocalServerPort
    private int port;

    @Autowired
    private InferenceService service;

    @Autowired
    private EmbeddingService vectors;

    @AfterAll
    static void close() {
        if (remote != null) {
            remote.close();
        }
    }

    private ContextureClient embedded() {
        return EmbeddedClient.of(service);
    }

    private RemoteContexture remote() {
        if (remote == null) {
            remote = new RemoteContexture(RemoteSettings.of("http://localhost:" + port + "/v1", ""), Math::random);
        }
        return remote;
    }

    @Nested
    class EmbeddedChat extends ChatContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(EMBEDDED);

        @Override
        ContextureClient client() {
            return embedded();
        }

        @Override
        ChatRequestParameters defaults() {
            return DEFAULTS;
        }
    }

    @Nested
    class RemoteChat extends ChatContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(REMOTE);

        @Override
        ContextureClient client() {
            return remote().chat();
        }

        @Override
        ChatRequestParameters defaults() {
            return DEFAULTS;
        }
    }

    @Nested
    class EmbeddedStreams extends StreamingContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(EMBEDDED);

        @Override
        ContextureClient client() {
            return embedded();
        }

        @Override
        ChatRequestParameters defaults() {
            return DEFAULTS;
        }
    }

    @Nested
    class RemoteStreams extends StreamingContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(REMOTE);

        @Override
        ContextureClient client() {
            return remote().chat();
        }

        @Override
        ChatRequestParameters defaults() {
            return DEFAULTS;
        }
    }

    @Nested
    class EmbeddedListener extends ListenerContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(EMBEDDED);

        @Override
        ContextureClient client() {
            return embedded();
        }

        @Override
        protected String modelName() {
            return DefaultModel.ID;
        }
    }

    @Nested
    class RemoteListener extends ListenerContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(REMOTE);

        @Override
        ContextureClient client() {
            return remote().chat();
        }

        @Override
        protected String modelName() {
            return DefaultModel.ID;
        }
    }

    @Nested
    class EmbeddedStreamingListener extends StreamingListenerContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(EMBEDDED);

        @Override
        ContextureClient client() {
            return embedded();
        }

        @Override
        protected String modelName() {
            return DefaultModel.ID;
        }
    }

    @Nested
    class RemoteStreamingListener extends StreamingListenerContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(REMOTE);

        @Override
        ContextureClient client() {
            return remote().chat();
        }

        @Override
        protected String modelName() {
            return DefaultModel.ID;
        }
    }

    @Nested
    class EmbeddedVectors extends EmbeddingContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(EMBEDDED);

        @Override
        EmbeddingService service() {
            return vectors;
        }
    }

    @Nested
    class RemoteVectors extends EmbeddingContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(REMOTE);

        @Override
        EmbeddingService service() {
            return remote().embeddings();
        }
    }
}
