package dev.contexture.provider.springai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.session.dialect.DialectSettings;
import dev.contexture.session.dialect.ToolChoice;
import dev.contexture.testing.ScriptedService;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.definition.ToolDefinition;

/** Calls are given back as they are: nothing is run here. */
class ToolTranslationTest {
    private static final String CALL =
            "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Turku\"}}\n</tool_call>";

    private static final ToolCallback TOOL = new ToolCallback() {
        @Override
        public ToolDefinition getToolDefinition() {
            return ToolDefinition.builder()
                    .name("get_weather")
                    .description("Weather now")
                    .inputSchema("{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}}")
                    .build();
        }

        @Override
        public String call(String input) {
            throw new AssertionError("the model runs no tools");
        }
    };

    private final ScriptedService scripted = new ScriptedService("qwen3", DialectSettings.AUTO);
    private final ContextureChatModel model = ContextureChatModel.of(scripted.service());
    private final ToolCallingChatOptions options =
            ToolCallingChatOptions.builder().toolCallbacks(List.of(TOOL)).build();

    private static Generation result(ChatResponse response) {
        return Objects.requireNonNull(response.getResult());
    }

    @Test
    void callsResultsAndThoughts() {
        scripted.generator().willAnswer("<think>\nHm.\n</think>\n\n" + CALL);
        UserMessage user = new UserMessage("How is it?");
        ChatResponse response = model.call(new Prompt(List.of(user), options));
        AssistantMessage message = result(response).getOutput();
        assertThat(response.hasToolCalls()).isTrue();
        assertThat(result(response).getMetadata().getFinishReason()).isEqualTo("tool_calls");
        assertThat(message.getMetadata()).containsEntry(ContextureChatModel.THINKING, "Hm.");
        AssistantMessage.ToolCall call = message.getToolCalls().getFirst();
        assertThat(call.name()).isEqualTo("get_weather");
        assertThat(call.arguments()).isEqualTo("{\"city\": \"Turku\"}");
        assertThat(scripted.generator().lastPrompt())
                .contains(
                        "\"parameters\": {\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}}}}\n</tools>");
        scripted.generator().willAnswer("It rains.");
        ToolResponseMessage result = ToolResponseMessage.builder()
                .responses(List.of(new ToolResponseMessage.ToolResponse(call.id(), call.name(), "rain")))
                .metadata(Map.of())
                .build();
        ChatResponse next = model.call(new Prompt(List.of(user, message, result), options));
        assertThat(result(next).getOutput().getText()).isEqualTo("It rains.");
        assertThat(scripted.generator().lastPrompt())
                .contains("<think>\nHm.\n</think>\n\n" + CALL + "<|im_end|>")
                .contains("<tool_response>\nrain\n</tool_response>");
    }

    /** As a loop that runs tools asks: with the same options behind their results. */
    @Test
    void aForcedCallIsForcedOnce() {
        ContextureChatOptions forced = ContextureChatOptions.builder()
                .toolCallbacks(List.of(TOOL))
                .toolChoice(ToolChoice.REQUIRED)
                .build();
        scripted.generator().willAnswer(CALL);
        UserMessage user = new UserMessage("How is it?");
        AssistantMessage message =
                result(model.call(new Prompt(List.of(user), forced))).getOutput();
        assertThat(message.getToolCalls()).hasSize(1);
        assertThat(scripted.generator().lastRequest().constraint()).isPresent();
        scripted.generator().willAnswer("It rains.");
        ToolResponseMessage result = ToolResponseMessage.builder()
                .responses(List.of(new ToolResponseMessage.ToolResponse(
                        message.getToolCalls().getFirst().id(), "get_weather", "rain")))
                .metadata(Map.of())
                .build();
        ChatResponse next = model.call(new Prompt(List.of(user, message, result), forced));
        assertThat(result(next).getOutput().getText()).isEqualTo("It rains.");
        assertThat(scripted.generator().lastRequest().constraint()).isEmpty();
    }

    /** Chat clients add tools and schemas to the model's own options. */
    @Test
    void optionsCarryToolsAndASchema() {
        String schema = "{\"const\": 7}";
        ContextureChatOptions both = ((ContextureChatOptions) model.getOptions())
                .mutate()
                .combineWith(options.mutate())
                .combineWith(StructuredOutputChatOptions.builder()
                        .outputSchema(schema)
                        .temperature(0.5))
                .build();
        assertThat(both.getToolCallbacks()).containsExactly(TOOL);
        assertThat(both.getOutputSchema()).isEqualTo(schema);
        assertThat(both.getTemperature()).isEqualTo(0.5);
        assertThat(both.mutate().build()).isEqualTo(both).hasSameHashCodeAs(both);
        assertThat(both.mutate().clone().outputSchema("{}").build()).isNotEqualTo(both);
        for (String answer : List.of("7", CALL)) {
            scripted.generator().willAnswer(answer);
            AssistantMessage message =
                    result(model.call(new Prompt("How is it?", both))).getOutput();
            assertThat(message.hasToolCalls()).isEqualTo(answer.equals(CALL));
            assertThat(message.getText()).isEqualTo(answer.equals(CALL) ? "" : answer);
        }
    }

    @Test
    void streamed() {
        scripted.generator().willAnswer("<think>\nHm.\n</think>\n\nYes.\n" + CALL);
        List<ChatResponse> chunks = model.stream(new Prompt("How is it?", options))
                .collectList()
                .blockOptional()
                .orElseThrow();
        assertThat(chunks).hasSize(3 + 4 + 1);
        assertThat(result(chunks.getFirst()).getOutput().getMetadata())
                .containsEntry(ContextureChatModel.THINKING, "H");
        assertThat(result(chunks.get(3)).getOutput().getText()).isEqualTo("Y");
        assertThat(result(chunks.getLast()).getOutput().getToolCalls())
                .singleElement()
                .satisfies(call -> assertThat(call.name()).isEqualTo("get_weather"));
    }
}
