package dev.contexture.provider.langchain4j;

import dev.contexture.provider.ContextureClient;
import dev.contexture.session.embedding.EmbeddingService;
import dev.contexture.testing.LetterEmbeddings;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.extension.RegisterExtension;

/** LangChain4j's contracts with a scripted model that obeys, here and over HTTP; that for streams takes half a minute to cancel, see {@link ScriptedStreamsIT}. */
class ScriptedContractsTest {
    private static final String EMBEDDED = "scripted, embedded";
    private static final String REMOTE = "scripted, remote";

    private static ObedientServer server;

    @BeforeAll
    static void start() {
        server = new ObedientServer();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Nested
    class EmbeddedChat extends ChatContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(EMBEDDED);

        @Override
        ContextureClient client() {
            return server.embedded();
        }
    }

    @Nested
    class RemoteChat extends ChatContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(REMOTE);

        @Override
        ContextureClient client() {
            return server.remote().chat();
        }
    }

    @Nested
    class EmbeddedListener extends ListenerContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(EMBEDDED);

        @Override
        ContextureClient client() {
            return server.embedded();
        }

        @Override
        protected String modelName() {
            return ObedientServer.MODEL;
        }
    }

    @Nested
    class RemoteListener extends ListenerContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(REMOTE);

        @Override
        ContextureClient client() {
            return server.remote().chat();
        }

        @Override
        protected String modelName() {
            return ObedientServer.MODEL;
        }
    }

    @Nested
    class EmbeddedStreamingListener extends StreamingListenerContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(EMBEDDED);

        @Override
        ContextureClient client() {
            return server.embedded();
        }

        @Override
        protected String modelName() {
            return ObedientServer.MODEL;
        }
    }

    @Nested
    class RemoteStreamingListener extends StreamingListenerContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(REMOTE);

        @Override
        ContextureClient client() {
            return server.remote().chat();
        }

        @Override
        protected String modelName() {
            return ObedientServer.MODEL;
        }
    }

    @Nested
    class EmbeddedVectors extends EmbeddingContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(EMBEDDED);

        @Override
        EmbeddingService service() {
            return LetterEmbeddings.INSTANCE;
        }
    }

    @Nested
    class RemoteVectors extends EmbeddingContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable(REMOTE);

        @Override
        EmbeddingService service() {
            return server.remote().embeddings();
        }
    }
}
