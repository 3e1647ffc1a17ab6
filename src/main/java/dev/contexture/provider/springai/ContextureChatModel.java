package dev.contexture.provider.springai;

import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.core.FinishReason;
import dev.contexture.core.SparsityOverrides;
import dev.contexture.provider.Sampling;
import dev.contexture.provider.SingleAnswer;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Usage;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.InferenceService;
import dev.contexture.session.SpokenAnswer;
import dev.contexture.session.dialect.AnswerPart;
import dev.contexture.session.dialect.ToolDefinition;
import dev.contexture.session.dialect.ToolUse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.metadata.ChatGenerationMetadata;
import org.springframework.ai.chat.metadata.ChatResponseMetadata;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.model.tool.ToolCallingManager;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** Spring AI's chat model over an engine in the same process. Keeps nothing of a request; safe for use by several threads. */
public final class ContextureChatModel implements ChatModel {
    /** Metadata of messages that reasoning is in, as in Spring AI's Ollama module. */
    public static final String THINKING = "thinking";

    private static final String TENANT = "embedded";
    private static final TypeReference<LinkedHashMap<String, Object>> SCHEMA = new TypeReference<>() {};

    private final InferenceService service;
    private final ChatOptions options;
    private final ToolCallingManager toolCalling;

    /**
     * @param options for prompts that bring none of their own
     * @param toolCalling resolves definitions; calls are the caller's to run
     */
    public ContextureChatModel(InferenceService service, ChatOptions options, ToolCallingManager toolCalling) {
        this.service = service;
        this.options = options;
        this.toolCalling = toolCalling;
    }

    /** Definitions are those of the prompt's own tools. */
    public ContextureChatModel(InferenceService service, ChatOptions options) {
        this(service, options, ToolCallingManager.builder().build());
    }

    /** A model with the engine's own defaults, of options that can carry tools and a schema. */
    public static ContextureChatModel of(InferenceService service) {
        return new ContextureChatModel(
                service,
                ContextureChatOptions.builder().build(),
                ToolCallingManager.builder().build());
    }

    @Override
    public ChatResponse call(Prompt prompt) {
        SingleAnswer answer = Flux.defer(() -> service.generate(request(prompt)))
                .reduce(new SingleAnswer(), SingleAnswer::with)
                .block();
        if (answer == null) {
            throw new IllegalStateException("the generation ended without an answer");
        }
        return response(id(), message(answer.spoken()), answer.reason(), answer.usage());
    }

    /** Chunks of text, the last with finish reason and usage, on threads that may block. Cancelling ends the generation within one step. */
    @Override
    public Flux<ChatResponse> stream(Prompt prompt) {
        return Flux.defer(() -> {
                    String id = id();
                    SingleAnswer answer = new SingleAnswer();
                    return service.generate(request(prompt))
                            .concatMapIterable(event -> chunks(id, event, answer.with(event)));
                })
                .publishOn(Schedulers.boundedElastic());
    }

    private List<ChatResponse> chunks(String id, GenerationEvent event, SingleAnswer answer) {
        return switch (event) {
            case Delta delta ->
                delta.text().isEmpty()
                        ? List.of()
                        : List.of(response(id, new AssistantMessage(delta.text()), null, null));
            case Completed completed ->
                List.of(response(id, calls(answer.spoken()), answer.reason(), completed.usage()));
            case GenerationEvent.Part part ->
                part.part() instanceof AnswerPart.Thought thought
                        ? List.of(response(id, thought(thought.text()), null, null))
                        : List.of(); // calls come whole, in the last chunk
            case GenerationEvent.Drawn none -> List.of();
            case GenerationEvent.Finished finished -> List.of();
        };
    }

    @Override
    public ChatOptions getOptions() {
        return options;
    }

    private GenerationRequest request(Prompt prompt) {
        ChatOptions used = prompt.getOptions() == null ? options : prompt.getOptions();
        requireSupported(used);
        List<Map<String, Object>> messages = prompt.getInstructions().stream()
                .flatMap(message -> messages(message).stream())
                .toList();
        Integer limit = used.getMaxTokens();
        List<String> stop = used.getStopSequences();
        GenerationRequest free = new GenerationRequest(
                new dev.contexture.session.Prompt.Chat(messages, tools(used), Map.of()),
                limit == null ? OptionalInt.empty() : OptionalInt.of(limit),
                stop == null ? List.of() : stop,
                1,
                new Sampling(
                                used.getTemperature(),
                                used.getTopK(),
                                used.getTopP(),
                                used.getFrequencyPenalty(),
                                used.getPresencePenalty())
                        .toParams(),
                TENANT,
                "",
                SparsityOverrides.NONE);
        String schema = used instanceof StructuredOutputChatOptions format ? format.getOutputSchema() : null;
        return schema == null ? free : free.constrained(new ConstraintSpec.Schema(schema));
    }

    private void requireSupported(ChatOptions used) {
        String served = service.model().id();
        if (used.getModel() != null && !used.getModel().equals(served)) {
            throw new IllegalArgumentException("the model " + used.getModel() + " is not served; " + served + " is");
        }
    }

    private ToolUse tools(ChatOptions used) {
        return used instanceof ToolCallingChatOptions calling
                ? ToolUse.auto(toolCalling.resolveToolDefinitions(calling).stream()
                        .map(ContextureChatModel::tool)
                        .toList())
                : ToolUse.NONE;
    }

    private static ToolDefinition tool(org.springframework.ai.tool.definition.ToolDefinition definition) {
        try {
            return ToolDefinition.of(
                    definition.name(),
                    definition.description(),
                    JsonMapper.shared().readValue(definition.inputSchema(), SCHEMA));
        } catch (JacksonException e) {
            throw new IllegalArgumentException(
                    "the input schema of the tool '" + definition.name() + "' is no JSON", e);
        }
    }

    /** A message with several tool responses is several of ours. */
    private static List<Map<String, Object>> messages(Message message) {
        String text = message.getText() == null ? "" : message.getText();
        return switch (message) {
            case ToolResponseMessage results ->
                results.getResponses().stream()
                        .map(result -> Map.<String, Object>of(
                                "role", "tool", "content", result.responseData(), "tool_call_id", result.id()))
                        .toList();
            case AssistantMessage assistant ->
                List.of(SpokenAnswer.message(
                        text,
                        assistant.getMetadata().get(THINKING) instanceof String thinking ? thinking : "",
                        assistant.getToolCalls().stream()
                                .map(call -> new SpokenAnswer.Call(call.id(), call.name(), call.arguments()))
                                .toList()));
            default -> List.of(Map.of("role", message.getMessageType().getValue(), "content", text));
        };
    }

    private static AssistantMessage message(SpokenAnswer spoken) {
        AssistantMessage.Builder<?> message = AssistantMessage.builder()
                .content(spoken.text())
                .toolCalls(spoken.calls().stream()
                        .map(call ->
                                new AssistantMessage.ToolCall(call.id(), "function", call.name(), call.arguments()))
                        .toList());
        if (!spoken.reasoning().isEmpty()) {
            message.properties(Map.of(THINKING, spoken.reasoning()));
        }
        return message.build();
    }

    private static AssistantMessage thought(String text) {
        return AssistantMessage.builder()
                .content("")
                .properties(Map.of(THINKING, text))
                .build();
    }

    /** The calls alone: the text was streamed. */
    private static AssistantMessage calls(SpokenAnswer spoken) {
        return AssistantMessage.builder()
                .content("")
                .toolCalls(message(spoken).getToolCalls())
                .build();
    }

    private ChatResponse response(
            String id, AssistantMessage message, @Nullable FinishReason reason, @Nullable Usage usage) {
        ChatGenerationMetadata generation = reason == null
                ? ChatGenerationMetadata.NULL
                : ChatGenerationMetadata.builder()
                        .finishReason(reason.name().toLowerCase(Locale.ROOT))
                        .build();
        ChatResponseMetadata.Builder metadata =
                ChatResponseMetadata.builder().id(id).model(service.model().id());
        if (usage != null) {
            metadata.usage(new DefaultUsage(
                    usage.promptTokens(),
                    usage.completionTokens(),
                    usage.promptTokens() + usage.completionTokens(),
                    usage,
                    (long) usage.cachedTokens(),
                    null));
        }
        return new ChatResponse(List.of(new Generation(message, generation)), metadata.build());
    }

    private static String id() {
        return "chatcmpl-" + UUID.randomUUID();
    }
}
