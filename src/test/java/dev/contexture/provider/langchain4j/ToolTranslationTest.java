package dev.contexture.provider.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.session.dialect.DialectSettings;
import dev.contexture.testing.ScriptedService;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ToolTranslationTest {
    private static final String CALL =
            "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Turku\"}}\n</tool_call>";
    private static final ToolSpecification TOOL = ToolSpecification.builder()
            .name("get_weather")
            .description("Weather now")
            .parameters(JsonObjectSchema.builder()
                    .addStringProperty("city")
                    .required("city")
                    .build())
            .build();

    private final ScriptedService scripted = new ScriptedService("qwen3", DialectSettings.AUTO);

    private static ChatRequest.Builder ask() {
        return ChatRequest.builder().messages(UserMessage.from("How is it?")).toolSpecifications(TOOL);
    }

    @Test
    void callsResultsAndThoughts() {
        ContextureChatModel model = ContextureChatModel.of(scripted.service());
        scripted.generator().willAnswer("<think>\nHm.\n</think>\n\n" + CALL);
        ChatResponse response = model.chat(ask().build());
        AiMessage message = response.aiMessage();
        assertThat(response.finishReason()).isEqualTo(FinishReason.TOOL_EXECUTION);
        assertThat(message.text()).isNull();
        assertThat(message.thinking()).isEqualTo("Hm.");
        ToolExecutionRequest call = message.toolExecutionRequests().getFirst();
        assertThat(call.name()).isEqualTo("get_weather");
        assertThat(call.arguments()).isEqualTo("{\"city\": \"Turku\"}");
        assertThat(scripted.generator().lastPrompt())
                .contains(
                        "{\"type\": \"function\", \"function\": {\"name\": \"get_weather\", \"description\": \"Weather now\", ");
        scripted.generator().willAnswer("It rains.");
        ChatResponse next = model.chat(
                ask().messages(UserMessage.from("How is it?"), message, ToolExecutionResultMessage.from(call, "rain"))
                        .build());
        assertThat(next.aiMessage().text()).isEqualTo("It rains.");
        assertThat(scripted.generator().lastPrompt())
                .contains("<think>\nHm.\n</think>\n\n" + CALL + "<|im_end|>")
                .contains("<tool_response>\nrain\n</tool_response>");
    }

    @Test
    void choices() {
        ContextureChatModel model = ContextureChatModel.of(scripted.service());
        scripted.generator().willAnswer(CALL);
        ChatResponse required = model.chat(ask().toolChoice(ToolChoice.REQUIRED).build());
        assertThat(required.aiMessage().toolExecutionRequests()).hasSize(1);
        scripted.generator().willAnswer("No.");
        model.chat(ask().toolChoice(ToolChoice.NONE).build());
        assertThat(scripted.generator().lastPrompt()).doesNotContain("get_weather");
    }

    @Test
    void streamed() throws Exception {
        scripted.generator().willAnswer("<think>\nHm.\n</think>\n\nYes.\n" + CALL + CALL);
        List<String> events = new ArrayList<>();
        CompletableFuture<ChatResponse> done = new CompletableFuture<>();
        ContextureStreamingChatModel.of(scripted.service()).chat(ask().build(), new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String text) {
                events.add(text);
            }

            @Override
            public void onPartialThinking(PartialThinking thinking) {
                events.add("~" + thinking.text());
            }

            @Override
            public void onPartialToolCall(PartialToolCall call) {
                events.add(call.index() + call.name() + call.partialArguments());
            }

            @Override
            public void onCompleteToolCall(CompleteToolCall call) {
                events.add(call.index() + "=" + call.toolExecutionRequest().arguments());
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                done.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                done.completeExceptionally(error);
            }
        });
        ChatResponse response = done.get(10, TimeUnit.SECONDS);
        String arguments = "{\"city\": \"Turku\"}";
        assertThat(events)
                .containsExactly(
                        "~H",
                        "~m",
                        "~.",
                        "Y",
                        "e",
                        "s",
                        ".",
                        "0get_weather" + arguments,
                        "0=" + arguments,
                        "1get_weather" + arguments,
                        "1=" + arguments);
        assertThat(response.aiMessage().text()).isEqualTo("Yes.");
        assertThat(response.aiMessage().toolExecutionRequests())
                .extracting(ToolExecutionRequest::id)
                .doesNotHaveDuplicates()
                .hasSize(2);
    }
}
