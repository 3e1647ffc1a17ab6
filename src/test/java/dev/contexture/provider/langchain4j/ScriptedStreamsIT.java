package dev.contexture.provider.langchain4j;

import dev.contexture.provider.ContextureClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.extension.RegisterExtension;

/** LangChain4j's contract for streams with a scripted model that obeys, here and over HTTP. It waits thirty seconds for what may come behind a cancel. */
class ScriptedStreamsIT {
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
    class Embedded extends StreamingContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable("scripted, embedded");

        @Override
        ContextureClient client() {
            return server.embedded();
        }
    }

    @Nested
    class Remote extends StreamingContract {
        @RegisterExtension
        static final ContractTable TABLE = new ContractTable("scripted, remote");

        @Override
        ContextureClient client() {
            return server.remote().chat();
        }
    }
}
