package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.Embedding;
import com.openai.models.embeddings.EmbeddingCreateParams;
import dev.contexture.golden.GoldenEmbedding;
import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.testing.DefaultModel;
import dev.contexture.testing.LocalOpenAi;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/** OpenAI's own Java client. */
@ServiceTest
class OpenAiJavaClientIT {
    @LocalServerPort
    private int port;

    @Autowired
    private SchedulerLoop loop;

    private OpenAIClient client = client(1);

    private static OpenAIClient client(int port) {
        return LocalOpenAi.at(port).build();
    }

    @BeforeEach
    void connect() {
        client = client(port);
    }

    @AfterEach
    void disconnect() {
        client.close();
    }

    private static ChatCompletionCreateParams.Builder question() {
        return ChatCompletionCreateParams.builder()
                .model(DefaultModel.ID)
                .temperature(0.0)
                .maxCompletionTokens(24)
                .addSystemMessage("You answer briefly.")
                .addUserMessage("Name the capital of France.");
    }

    @Test
    void answersWholeAndStreamed() {
        ChatCompletion whole = client.chat().completions().create(question().build());
        String text = whole.choices().getFirst().message().content().orElseThrow();
        assertThat(text).contains("Paris");
        assertThat(whole.usage()
                        .orElseThrow()
                        .promptTokensDetails()
                        .orElseThrow()
                        .cachedTokens())
                .isPresent();

        StringBuilder streamed = new StringBuilder();
        long completionTokens = 0;
        ChatCompletionCreateParams params = question()
                .streamOptions(
                        ChatCompletionStreamOptions.builder().includeUsage(true).build())
                .build();
        try (StreamResponse<ChatCompletionChunk> chunks =
                client.chat().completions().createStreaming(params)) {
            for (ChatCompletionChunk chunk : (Iterable<ChatCompletionChunk>) chunks.stream()::iterator) {
                chunk.choices().forEach(choice -> choice.delta().content().ifPresent(streamed::append));
                completionTokens +=
                        chunk.usage().map(usage -> usage.completionTokens()).orElse(0L);
            }
        }
        assertThat(streamed).hasToString(text);
        assertThat(completionTokens).isEqualTo(whole.usage().orElseThrow().completionTokens());
    }

    @Test
    void stopsAndReportsLogprobs() {
        ChatCompletion stopped = client.chat()
                .completions()
                .create(question().stopOfStrings(List.of("Paris")).build());
        assertThat(stopped.choices().getFirst().message().content().orElseThrow())
                .doesNotContain("Paris");
        assertThat(stopped.choices().getFirst().finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
        ChatCompletion logprobs = client.chat()
                .completions()
                .create(question().logprobs(true).topLogprobs(2).build());
        assertThat(logprobs.choices()
                        .getFirst()
                        .logprobs()
                        .orElseThrow()
                        .content()
                        .orElseThrow())
                .isNotEmpty()
                .allSatisfy(token -> assertThat(token.topLogprobs()).hasSize(2));
    }

    @Test
    void errorsAreThoseOfTheirKind() {
        assertThatThrownBy(() -> client.chat()
                        .completions()
                        .create(question().model("gpt-4o").build()))
                .isInstanceOf(NotFoundException.class);
        assertThatThrownBy(() -> client.chat()
                        .completions()
                        .create(question().temperature(9.0).build()))
                .isInstanceOfSatisfying(BadRequestException.class, e -> {
                    assertThat(e.param()).contains("temperature");
                    assertThat(e.code()).contains("invalid_value");
                });
    }

    @Test
    void closingAStreamEndsTheGeneration() throws InterruptedException {
        ChatCompletionCreateParams endless = ChatCompletionCreateParams.builder()
                .model(DefaultModel.ID)
                .maxCompletionTokens(6000)
                .addUserMessage("Count from one to ten thousand in words.")
                .logitBias(noEnd())
                .build();
        try (StreamResponse<ChatCompletionChunk> chunks =
                client.chat().completions().createStreaming(endless)) {
            Iterator<ChatCompletionChunk> iterator = chunks.stream().iterator();
            for (int i = 0; i < 5; i++) {
                iterator.next();
            }
            assertThat(loop.stats().running()).isPositive();
        }
        Idle.await(loop);
    }

    /** Keeps the model from ending by itself. */
    private static ChatCompletionCreateParams.LogitBias noEnd() {
        return ChatCompletionCreateParams.LogitBias.builder()
                .putAdditionalProperty("2", com.openai.core.JsonValue.from(-100))
                .build();
    }

    @Test
    void embedsAsNumbersAndAsBase64() {
        GoldenEmbedding golden = GoldenEmbedding.all().getFirst();
        for (EmbeddingCreateParams.EncodingFormat format :
                List.of(EmbeddingCreateParams.EncodingFormat.FLOAT, EmbeddingCreateParams.EncodingFormat.BASE64)) {
            CreateEmbeddingResponse response = client.embeddings()
                    .create(EmbeddingCreateParams.builder()
                            .model(EmbeddingsIT.MODEL)
                            .inputOfArrayOfStrings(List.of(golden.text(), "another"))
                            .encodingFormat(format)
                            .build());
            assertThat(response.data()).extracting(Embedding::index).containsExactly(0L, 1L);
            List<Float> numbers = response.data().getFirst().embedding();
            float[] vector = new float[numbers.size()];
            for (int i = 0; i < vector.length; i++) {
                vector[i] = numbers.get(i);
            }
            assertThat(golden.cosine(vector)).isGreaterThan(0.99999);
            assertThat(response.usage().totalTokens()).isEqualTo(golden.ids().length + 3);
        }
        assertThatThrownBy(() -> client.embeddings()
                        .create(EmbeddingCreateParams.builder()
                                .model(DefaultModel.ID)
                                .input("x")
                                .build()))
                .isInstanceOf(NotFoundException.class);
    }

    @Test
    void listsModels() {
        assertThat(client.models().list().data())
                .anySatisfy(model -> assertThat(model.id()).isEqualTo(DefaultModel.ID));
    }
}
