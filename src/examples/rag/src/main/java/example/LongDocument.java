package example;

import dev.contexture.provider.langchain4j.ContextureChatModel;
import dev.contexture.provider.langchain4j.ContextureChatRequestParameters;
import dev.contexture.provider.langchain4j.ContextureTokenUsage;
import dev.langchain4j.data.document.Document;
import dev.langchain4j.data.document.splitter.DocumentSplitters;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.store.embedding.EmbeddingSearchRequest;
import dev.langchain4j.store.embedding.inmemory.InMemoryEmbeddingStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.stereotype.Component;

/**
 * Questions about one long document: a session reads it once and keeps what was computed of it, so that each question costs little more
 * than its own tokens; vectors find the passage that the question quotes. Arguments: --document=FILE --question=TEXT …
 */
@SpringBootApplication
public class LongDocument {
    public static void main(String[] arguments) {
        SpringApplication.run(LongDocument.class, arguments).close();
    }

    @Component
    record Reader(ContextureChatModel chat, EmbeddingModel vectors) implements ApplicationRunner {
        @Override
        public void run(ApplicationArguments arguments) throws Exception {
            String text = Files.readString(
                    Path.of(arguments.getOptionValues("document").getFirst()));
            List<TextSegment> passages = DocumentSplitters.recursive(500, 0).split(Document.from(text));
            InMemoryEmbeddingStore<TextSegment> store = new InMemoryEmbeddingStore<>();
            store.addAll(vectors.embedAll(passages).content(), passages);

            String session = chat.client().newSession().block();
            ask(session, "Read this document. Questions about it follow.\n\n" + text);
            for (String question : arguments.getOptionValues("question")) {
                EmbeddingSearchRequest search = EmbeddingSearchRequest.builder()
                        .queryEmbedding(vectors.embed(question).content())
                        .maxResults(1)
                        .build();
                String passage =
                        store.search(search).matches().getFirst().embedded().text();
                ask(session, "The document says: " + passage + "\n\n" + question);
            }
        }

        private void ask(String session, String message) {
            ChatResponse answer = chat.chat(ChatRequest.builder()
                    .messages(UserMessage.from(message))
                    .parameters(ContextureChatRequestParameters.builder()
                            .sessionId(session)
                            .maxOutputTokens(48)
                            .build())
                    .build());
            ContextureTokenUsage usage = (ContextureTokenUsage) answer.tokenUsage();
            System.out.printf(
                    "%d of %d tokens were there: %s%n",
                    usage.cachedInputTokenCount(),
                    usage.inputTokenCount(),
                    answer.aiMessage().text());
        }
    }
}
