package dev.contexture.service;

import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.langchain4j.ContextureChatRequestParameters;
import dev.contexture.provider.langchain4j.ContextureStreamingChatModel;
import dev.contexture.provider.langchain4j.ContextureTokenUsage;
import dev.contexture.provider.springai.ContextureChatOptions;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.definition.ToolDefinition;

/** The same requests in the words of LangChain4j and of Spring AI, and what their answers have in common. */
final class PlayedConversation {
    private static final Duration TIMEOUT = Duration.ofMinutes(1);
    static final String TOOL = "get_weather";
    private static final String ABOUT_TOOL = "The weather now";
    static final String TOOL_SCHEMA =
            "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}, \"required\": [\"city\"]}";
    private static final int MOST_TOKENS = 40;
    private static final long SEED = 7;

    private PlayedConversation() {}

    record Said(String role, String text) {}

    /** Of the tool. */
    record Call(String id, String arguments) {}

    record Result(String id, String text) {}

    enum Tool {
        NONE,
        OFFERED,
        FORCED
    }

    /**
     * @param talk of {@link Said}, {@link Call}, {@link Result}
     * @param temperature 0, or another with a seed
     * @param tool whether there is one, and whether it must be called
     */
    record Step(
            List<Object> talk,
            double temperature,
            Tool tool,
            @Nullable String schema,
            @Nullable String session) {
        Step {
            talk = List.copyOf(talk);
        }

        static Step greedy(List<Object> talk) {
            return new Step(talk, 0, Tool.NONE, null, null);
        }

        static Step seeded(List<Object> talk) {
            return new Step(talk, 1, Tool.NONE, null, null);
        }

        Step withTool() {
            return new Step(talk, temperature, Tool.OFFERED, schema, session);
        }

        Step withForcedTool() {
            return new Step(talk, temperature, Tool.FORCED, schema, session);
        }

        Step withSchema(String asked) {
            return new Step(talk, temperature, tool, asked, session);
        }

        Step inSession(String id) {
            return new Step(talk, temperature, tool, schema, id);
        }
    }

    /** All that both frameworks tell of an answer; ids of calls are random. */
    record Answer(
            String text,
            List<String> calls,
            int promptTokens,
            int cachedTokens,
            int completionTokens,
            String finish,
            String model) {
        /** What does not depend on who asked before. */
        Answer uncached() {
            return new Answer(text, calls, promptTokens, 0, completionTokens, finish, model);
        }
    }

    interface Player {
        Answer play(Step step);
    }

    static Player langChain4j(ContextureClient client) {
        var model = dev.contexture.provider.langchain4j.ContextureChatModel.of(client);
        return step -> answer(model.chat(request(step)));
    }

    static Player langChain4jStreamed(ContextureClient client) {
        var model = ContextureStreamingChatModel.of(client);
        return step -> {
            CompletableFuture<ChatResponse> complete = new CompletableFuture<>();
            StringBuilder partials = new StringBuilder();
            model.chat(request(step), new StreamingChatResponseHandler() {
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
            Answer whole = answer(complete.orTimeout(TIMEOUT.toSeconds(), java.util.concurrent.TimeUnit.SECONDS)
                    .join());
            if (!whole.text.contentEquals(partials)) {
                throw new AssertionError("the parts are " + partials + " but the whole is " + whole);
            }
            return whole;
        };
    }

    private static ChatRequest request(Step step) {
        ContextureChatRequestParameters.Builder parameters = ContextureChatRequestParameters.builder();
        parameters.temperature(step.temperature).maxOutputTokens(MOST_TOKENS);
        if (step.temperature > 0) {
            parameters.seed(SEED);
        }
        if (step.session != null) {
            parameters.sessionId(step.session);
        }
        if (step.tool == Tool.FORCED) {
            parameters.toolChoice(ToolChoice.REQUIRED);
        }
        if (step.tool != Tool.NONE) {
            parameters.toolSpecifications(ToolSpecification.builder()
                    .name(TOOL)
                    .description(ABOUT_TOOL)
                    .parameters(JsonObjectSchema.builder()
                            .addStringProperty("city")
                            .required("city")
                            .build())
                    .build());
        }
        if (step.schema != null) {
            parameters.responseFormat(ResponseFormat.builder()
                    .type(ResponseFormatType.JSON)
                    .jsonSchema(JsonSchema.builder()
                            .name("answer")
                            .rootElement(JsonRawSchema.from(step.schema))
                            .build())
                    .build());
        }
        return ChatRequest.builder()
                .messages(step.talk.stream()
                        .map(PlayedConversation::langChain4jMessage)
                        .toList())
                .parameters(parameters.build())
                .build();
    }

    private static ChatMessage langChain4jMessage(Object part) {
        return switch (part) {
            case Said said ->
                switch (said.role) {
                    case "system" -> SystemMessage.from(said.text);
                    case "user" -> UserMessage.from(said.text);
                    default -> AiMessage.from(said.text);
                };
            case Call call ->
                AiMessage.from(ToolExecutionRequest.builder()
                        .id(call.id)
                        .name(TOOL)
                        .arguments(call.arguments)
                        .build());
            case Result result -> ToolExecutionResultMessage.from(result.id, TOOL, result.text);
            default -> throw new IllegalArgumentException("no part of a conversation: " + part);
        };
    }

    private static Answer answer(ChatResponse response) {
        ContextureTokenUsage usage = (ContextureTokenUsage) response.tokenUsage();
        String text = response.aiMessage().text();
        FinishReason finish = response.finishReason();
        return new Answer(
                text == null ? "" : text,
                response.aiMessage().toolExecutionRequests().stream()
                        .map(call -> call.name() + call.arguments())
                        .toList(),
                usage.inputTokenCount(),
                usage.cachedInputTokenCount(),
                usage.outputTokenCount(),
                finish == FinishReason.TOOL_EXECUTION
                        ? "tool_calls"
                        : finish.name().toLowerCase(Locale.ROOT),
                response.metadata().modelName());
    }

    static Player springAi(ContextureClient client) {
        var model = dev.contexture.provider.springai.ContextureChatModel.of(client);
        return step -> {
            var response = model.call(prompt(step));
            return answer(text(List.of(response)), response);
        };
    }

    static Player springAiStreamed(ContextureClient client) {
        var model = dev.contexture.provider.springai.ContextureChatModel.of(client);
        return step -> {
            var chunks = model.stream(prompt(step))
                    .collectList()
                    .blockOptional(TIMEOUT)
                    .orElseThrow();
            return answer(text(chunks), chunks.getLast());
        };
    }

    private static String text(List<org.springframework.ai.chat.model.ChatResponse> chunks) {
        return chunks.stream()
                .map(chunk ->
                        Objects.requireNonNull(chunk.getResult()).getOutput().getText())
                .filter(Objects::nonNull)
                .collect(Collectors.joining());
    }

    private static Answer answer(String text, org.springframework.ai.chat.model.ChatResponse last) {
        var result = Objects.requireNonNull(last.getResult());
        var usage = last.getMetadata().getUsage();
        return new Answer(
                text,
                result.getOutput().getToolCalls().stream()
                        .map(call -> call.name() + call.arguments())
                        .toList(),
                usage.getPromptTokens(),
                Objects.requireNonNull(usage.getCacheReadInputTokens()).intValue(),
                usage.getCompletionTokens(),
                Objects.requireNonNull(result.getMetadata().getFinishReason()),
                last.getMetadata().getModel());
    }

    private static Prompt prompt(Step step) {
        ContextureChatOptions.Builder options = ContextureChatOptions.builder();
        options.temperature(step.temperature).maxTokens(MOST_TOKENS);
        if (step.temperature > 0) {
            options.seed(SEED);
        }
        if (step.session != null) {
            options.sessionId(step.session);
        }
        if (step.tool == Tool.FORCED) {
            options.toolChoice(dev.contexture.session.dialect.ToolChoice.REQUIRED);
        }
        if (step.tool != Tool.NONE) {
            options.toolCallbacks(List.of(callback()));
        }
        if (step.schema != null) {
            options.outputSchema(step.schema);
        }
        List<Message> messages = new ArrayList<>();
        step.talk.forEach(part -> messages.add(springAiMessage(part)));
        return new Prompt(messages, options.build());
    }

    private static Message springAiMessage(Object part) {
        return switch (part) {
            case Said said ->
                switch (said.role) {
                    case "system" -> new org.springframework.ai.chat.messages.SystemMessage(said.text);
                    case "user" -> new org.springframework.ai.chat.messages.UserMessage(said.text);
                    default -> new AssistantMessage(said.text);
                };
            case Call call ->
                AssistantMessage.builder()
                        .content("")
                        .toolCalls(List.of(new AssistantMessage.ToolCall(call.id, "function", TOOL, call.arguments)))
                        .build();
            case Result result ->
                ToolResponseMessage.builder()
                        .responses(List.of(new ToolResponseMessage.ToolResponse(result.id, TOOL, result.text)))
                        .metadata(Map.of())
                        .build();
            default -> throw new IllegalArgumentException("no part of a conversation: " + part);
        };
    }

    private static ToolCallback callback() {
        return new ToolCallback() {
            @Override
            public ToolDefinition getToolDefinition() {
                return ToolDefinition.builder()
                        .name(TOOL)
                        .description(ABOUT_TOOL)
                        .inputSchema(TOOL_SCHEMA)
                        .build();
            }

            @Override
            public String call(String input) {
                throw new AssertionError("the model runs no tools");
            }
        };
    }
}
