package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.golden.GoldenEmbedding;
import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.testing.DefaultModel;
import dev.contexture.testing.SchemaJudge;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiTokenUsage;
import dev.langchain4j.model.output.FinishReason;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/** LangChain4j's OpenAI client. */
@ServiceTest
class LangChain4jClientIT {
    @LocalServerPort
    private int port;

    @Autowired
    private SchedulerLoop loop;

    private OpenAiChatModel.OpenAiChatModelBuilder model() {
        return OpenAiChatModel.builder()
                .baseUrl("http://localhost:" + port + "/v1")
                .apiKey("none-needed")
                .modelName(DefaultModel.ID)
                .temperature(0.0)
                .maxTokens(24)
                .maxRetries(0);
    }

    private OpenAiStreamingChatModel.OpenAiStreamingChatModelBuilder streamingModel() {
        return OpenAiStreamingChatModel.builder()
                .baseUrl("http://localhost:" + port + "/v1")
                .apiKey("none-needed")
                .modelName(DefaultModel.ID)
                .temperature(0.0);
    }

    private static final ChatRequest QUESTION = ChatRequest.builder()
            .messages(UserMessage.from("Name the capital of France."))
            .build();

    @Test
    void answersWholeAndStreamed() throws Exception {
        ChatResponse whole = model().build().chat(QUESTION);
        assertThat(whole.aiMessage().text()).contains("Paris");
        assertThat(whole.finishReason()).isIn(FinishReason.STOP, FinishReason.LENGTH);
        OpenAiTokenUsage usage = (OpenAiTokenUsage) whole.tokenUsage();
        assertThat(usage.inputTokensDetails().cachedTokens()).isNotNull();

        CompletableFuture<ChatResponse> complete = new CompletableFuture<>();
        StringBuilder partials = new StringBuilder();
        streamingModel().maxTokens(24).build().chat(QUESTION, new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String partial) {
                partials.append(partial);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                complete.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                complete.completeExceptionally(error);
            }
        });
        ChatResponse streamed = complete.get(60, TimeUnit.SECONDS);
        assertThat(streamed.aiMessage().text()).isEqualTo(whole.aiMessage().text());
        assertThat(partials).hasToString(whole.aiMessage().text());
        assertThat(streamed.tokenUsage().outputTokenCount())
                .isEqualTo(whole.tokenUsage().outputTokenCount());
        assertThat(streamed.finishReason()).isEqualTo(whole.finishReason());
    }

    @Test
    void stops() {
        ChatResponse stopped = model().stop(java.util.List.of("Paris")).build().chat(QUESTION);
        assertThat(String.valueOf(stopped.aiMessage().text())).doesNotContain("Paris");
        assertThat(stopped.finishReason()).isEqualTo(FinishReason.STOP);
    }

    private static final ToolSpecification WEATHER = ToolSpecification.builder()
            .name("get_weather")
            .description("The weather now")
            .parameters(JsonObjectSchema.builder()
                    .addEnumProperty("city", List.of("Paris", "Turku"))
                    .required("city")
                    .build())
            .build();
    private static final SchemaJudge CITY = new SchemaJudge("""
            {"type": "object", "properties": {"city": {"enum": ["Paris", "Turku"]}}, "required": ["city"],
              "additionalProperties": false}""");

    private static ChatRequest withTool(ToolChoice choice, ChatMessage... messages) {
        return ChatRequest.builder()
                .messages(messages)
                .toolSpecifications(WEATHER)
                .toolChoice(choice)
                .build();
    }

    @Test
    void callsToolsAndReadsResults() throws Exception {
        UserMessage question = UserMessage.from("How is it in Paris?");
        OpenAiChatModel model = model().maxTokens(100).parallelToolCalls(false).build();
        ChatResponse whole = model.chat(withTool(ToolChoice.REQUIRED, question));
        assertThat(whole.finishReason()).isEqualTo(FinishReason.TOOL_EXECUTION);
        ToolExecutionRequest call = whole.aiMessage().toolExecutionRequests().getFirst();
        assertThat(call.name()).isEqualTo("get_weather");
        assertThat(CITY.fault(call.arguments())).isEmpty();

        CompletableFuture<ChatResponse> streamed = new CompletableFuture<>();
        streamingModel()
                .maxTokens(100)
                .parallelToolCalls(false)
                .build()
                .chat(withTool(ToolChoice.REQUIRED, question), completing(streamed));
        assertThat(streamed.get(60, TimeUnit.SECONDS)
                        .aiMessage()
                        .toolExecutionRequests()
                        .getFirst()
                        .arguments())
                .isEqualTo(call.arguments());

        ChatResponse told = model.chat(withTool(
                ToolChoice.NONE,
                question,
                whole.aiMessage(),
                ToolExecutionResultMessage.from(call, "It rains in Paris.")));
        assertThat(told.aiMessage().text()).isNotBlank();
        assertThat(told.aiMessage().hasToolExecutionRequests()).isFalse();
    }

    private static StreamingChatResponseHandler completing(CompletableFuture<ChatResponse> future) {
        return new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String partial) {}

            @Override
            public void onCompleteResponse(ChatResponse response) {
                future.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                future.completeExceptionally(error);
            }
        };
    }

    @Test
    void answersAreOfTheirSchema() {
        ResponseFormat format = ResponseFormat.builder()
                .type(ResponseFormatType.JSON)
                .jsonSchema(JsonSchema.builder()
                        .name("place")
                        .rootElement(WEATHER.parameters())
                        .build())
                .build();
        ChatResponse response = model().temperature(1.0)
                .strictJsonSchema(true)
                .supportedCapabilities(Capability.RESPONSE_FORMAT_JSON_SCHEMA)
                .build()
                .chat(ChatRequest.builder()
                        .messages(UserMessage.from("Where is the Eiffel Tower?"))
                        .responseFormat(format)
                        .build());
        assertThat(CITY.fault(response.aiMessage().text()))
                .as(response.aiMessage().text())
                .isEmpty();
    }

    @Test
    void makesVectors() {
        OpenAiEmbeddingModel vectors = OpenAiEmbeddingModel.builder()
                .baseUrl("http://localhost:" + port + "/v1")
                .apiKey("none-needed")
                .modelName(EmbeddingsIT.MODEL)
                .maxRetries(0)
                .build();
        for (GoldenEmbedding golden : GoldenEmbedding.all()) {
            var response = vectors.embed(golden.text());
            assertThat(golden.cosine(response.content().vector())).isGreaterThan(0.99999);
            assertThat(response.tokenUsage().inputTokenCount()).isEqualTo(golden.ids().length);
        }
    }

    @Test
    void errorsAreThoseOfTheirKind() {
        assertThatThrownBy(() -> model().modelName("other").build().chat(QUESTION))
                .isInstanceOf(ModelNotFoundException.class);
        assertThatThrownBy(() -> model().temperature(9.0).build().chat(QUESTION))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("temperature");
    }

    @Test
    void cancellingAStreamEndsTheGeneration() throws Exception {
        CountDownLatch cancelled = new CountDownLatch(1);
        streamingModel()
                .maxTokens(6000)
                .logitBias(java.util.Map.of("2", -100))
                .build()
                .chat(QUESTION, new StreamingChatResponseHandler() {
                    private int partials;

                    @Override
                    public void onPartialResponse(PartialResponse partial, PartialResponseContext context) {
                        if (++partials == 5) {
                            context.streamingHandle().cancel();
                            cancelled.countDown();
                        }
                    }

                    @Override
                    public void onCompleteResponse(ChatResponse response) {}

                    @Override
                    public void onError(Throwable error) {}
                });
        assertThat(cancelled.await(60, TimeUnit.SECONDS)).isTrue();
        Idle.await(loop);
    }
}
