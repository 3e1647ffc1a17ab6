package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import dev.contexture.golden.GoldenEmbedding;
import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.testing.DefaultModel;
import dev.contexture.testing.SchemaJudge;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.metadata.Usage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.converter.BeanOutputConverter;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.openai.OpenAiChatModel;
import org.springframework.ai.openai.OpenAiChatOptions;
import org.springframework.ai.openai.OpenAiEmbeddingModel;
import org.springframework.ai.openai.OpenAiEmbeddingOptions;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.definition.ToolDefinition;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/** Spring AI's OpenAI client. */
@ServiceTest
class SpringAiClientIT {
    private static final String QUESTION = "Name the capital of France.";
    private static final Duration TIMEOUT = Duration.ofMinutes(1);

    @LocalServerPort
    private int port;

    @Autowired
    private SchedulerLoop loop;

    private OpenAiChatOptions.Builder options() {
        OpenAiChatOptions.Builder options = OpenAiChatOptions.builder();
        options.baseUrl("http://localhost:" + port + "/v1");
        options.apiKey("none-needed");
        options.maxRetries(0);
        options.model(DefaultModel.ID);
        options.temperature(0.0);
        options.streamUsage(true);
        return options;
    }

    private static ChatModel model(OpenAiChatOptions.Builder options) {
        return OpenAiChatModel.builder().options(options.build()).build();
    }

    private OpenAiChatOptions.Builder shortAnswer() {
        OpenAiChatOptions.Builder options = options();
        options.maxTokens(24);
        return options;
    }

    @Test
    void answersWholeAndStreamed() {
        ChatResponse whole = model(shortAnswer()).call(new Prompt(QUESTION));
        String text = whole.getResult().getOutput().getText();
        assertThat(text).contains("Paris");
        Usage usage = whole.getMetadata().getUsage();
        assertThat(usage.getPromptTokens()).isPositive();

        List<ChatResponse> chunks =
                model(shortAnswer()).stream(new Prompt(QUESTION)).collectList().block(TIMEOUT);
        StringBuilder streamed = new StringBuilder();
        for (ChatResponse chunk : chunks) {
            if (chunk.getResult() != null && chunk.getResult().getOutput().getText() != null) {
                streamed.append(chunk.getResult().getOutput().getText());
            }
        }
        assertThat(streamed).hasToString(text);
        assertThat(chunks)
                .anySatisfy(chunk -> assertThat(chunk.getMetadata().getUsage().getCompletionTokens())
                        .isEqualTo(usage.getCompletionTokens()));
    }

    @Test
    void stops() {
        OpenAiChatOptions.Builder options = shortAnswer();
        options.stop(List.of("Paris"));
        ChatResponse stopped = model(options).call(new Prompt(QUESTION));
        assertThat(stopped.getResult().getOutput().getText()).doesNotContain("Paris");
        assertThat(stopped.getResult().getMetadata().getFinishReason()).isEqualToIgnoringCase("stop");
    }

    private static final ToolCallback WEATHER = new ToolCallback() {
        @Override
        public ToolDefinition getToolDefinition() {
            return ToolDefinition.builder()
                    .name("get_weather")
                    .description("The weather now")
                    .inputSchema("""
                            {"type": "object", "properties": {"city": {"enum": ["Paris", "Turku"]}}, "required": ["city"],
                              "additionalProperties": false}""")
                    .build();
        }

        @Override
        public String call(String input) {
            throw new AssertionError("the model runs no tools");
        }
    };

    private OpenAiChatOptions.Builder withTool(Object choice) {
        OpenAiChatOptions.Builder options = options();
        options.maxTokens(100);
        options.toolCallbacks(List.of(WEATHER));
        options.toolChoice(choice);
        options.parallelToolCalls(false);
        return options;
    }

    private static AssistantMessage.ToolCall requireCall(ChatResponse response) {
        AssistantMessage.ToolCall call =
                response.getResult().getOutput().getToolCalls().getFirst();
        assertThat(call.name()).isEqualTo("get_weather");
        assertThat(new SchemaJudge(WEATHER.getToolDefinition().inputSchema()).fault(call.arguments()))
                .isEmpty();
        return call;
    }

    @Test
    void callsToolsAndReadsResults() {
        UserMessage question = new UserMessage("How is it in Paris?");
        ChatModel calling = model(withTool("required"));
        ChatResponse whole = calling.call(new Prompt(question));
        AssistantMessage.ToolCall call = requireCall(whole);
        assertThat(whole.getResult().getMetadata().getFinishReason()).isEqualToIgnoringCase("tool_calls");
        ChatResponse streamed = calling.stream(new Prompt(question))
                .filter(chunk -> chunk.getResult() != null && chunk.hasToolCalls())
                .blockLast(TIMEOUT);
        assertThat(requireCall(streamed).arguments()).isEqualTo(call.arguments());

        ToolResponseMessage result = ToolResponseMessage.builder()
                .responses(List.of(new ToolResponseMessage.ToolResponse(call.id(), call.name(), "It rains in Paris.")))
                .build();
        ChatResponse told = model(withTool("none"))
                .call(new Prompt(List.of(question, whole.getResult().getOutput(), result)));
        assertThat(told.getResult().getOutput().getText()).isNotBlank();
        assertThat(told.hasToolCalls()).isFalse();
    }

    private enum Sky {
        CLEAR,
        CLOUDS,
        RAIN
    }

    private record Forecast(Sky sky, boolean windy) {}

    @Test
    void answersAreOfTheirType() {
        BeanOutputConverter<Forecast> converter = new BeanOutputConverter<>(Forecast.class);
        OpenAiChatOptions.Builder options = options();
        options.temperature(1.0);
        options.maxTokens(100);
        options.outputSchema(converter.getJsonSchema());
        String text = model(options)
                .call(new Prompt("How will the weather be?"))
                .getResult()
                .getOutput()
                .getText();
        assertThat(new SchemaJudge(converter.getJsonSchema()).fault(text))
                .as(text)
                .isEmpty();
        assertThat(converter.convert(text).sky).isNotNull();
    }

    @Test
    void makesVectors() {
        OpenAiEmbeddingOptions options = OpenAiEmbeddingOptions.builder()
                .baseUrl("http://localhost:" + port + "/v1")
                .apiKey("none-needed")
                .maxRetries(0)
                .model(EmbeddingsIT.MODEL)
                .build();
        OpenAiEmbeddingModel vectors =
                OpenAiEmbeddingModel.builder().options(options).build();
        for (GoldenEmbedding golden : GoldenEmbedding.all()) {
            assertThat(golden.cosine(vectors.embed(golden.text()))).isGreaterThan(0.99999);
        }
        assertThat(vectors.embed(List.of("one", "two"))).hasSize(2);
        EmbeddingResponse response = vectors.call(new EmbeddingRequest(
                List.of("one"),
                OpenAiEmbeddingOptions.builder()
                        .model(EmbeddingsIT.MODEL)
                        .dimensions(64)
                        .build()));
        assertThat(response.getResult().getOutput()).hasSize(64);
        assertThat(response.getMetadata().getUsage().getPromptTokens()).isPositive();
    }

    @Test
    void errorsAreThoseOfTheirKind() {
        OpenAiChatOptions.Builder unknown = shortAnswer();
        unknown.model("other");
        assertThatThrownBy(() -> model(unknown).call(new Prompt(QUESTION))).isInstanceOf(NotFoundException.class);
        OpenAiChatOptions.Builder hot = shortAnswer();
        hot.temperature(9.0);
        assertThatThrownBy(() -> model(hot).call(new Prompt(QUESTION)))
                .isInstanceOf(BadRequestException.class)
                .hasMessageContaining("temperature");
    }

    @Test
    void cancellingAStreamEndsTheGeneration() throws InterruptedException {
        OpenAiChatOptions.Builder endless = options();
        endless.maxTokens(6000);
        endless.logitBias(Map.of("2", -100));
        model(endless).stream(new Prompt(QUESTION)).take(5).blockLast(TIMEOUT);
        Idle.await(loop);
    }
}
