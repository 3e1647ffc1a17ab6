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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
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
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/** Spring AI's chat model over an engine in the same process. Keeps nothing of a request; safe for use by several threads. */
public final class ContextureChatModel implements ChatModel {
    private static final String TENANT = "embedded";

    private final InferenceService service;
    private final ChatOptions options;

    /**
     * @param options for prompts that bring none of their own
     */
    public ContextureChatModel(InferenceService service, ChatOptions options) {
        this.service = service;
        this.options = options;
    }

    /** A model with the engine's own defaults, of options that can carry a schema. */
    public static ContextureChatModel of(InferenceService service) {
        return new ContextureChatModel(
                service, StructuredOutputChatOptions.builder().build());
    }

    @Override
    public ChatResponse call(Prompt prompt) {
        SingleAnswer answer = Flux.defer(() -> service.generate(request(prompt)))
                .reduce(new SingleAnswer(), SingleAnswer::with)
                .block();
        if (answer == null) {
            throw new IllegalStateException("the generation ended without an answer");
        }
        return response(id(), answer.text(), answer.reason(), answer.usage());
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
            case Delta delta -> delta.text().isEmpty() ? List.of() : List.of(response(id, delta.text(), null, null));
            case Completed completed -> List.of(response(id, "", answer.reason(), completed.usage()));
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
                .map(ContextureChatModel::message)
                .toList();
        Integer limit = used.getMaxTokens();
        List<String> stop = used.getStopSequences();
        GenerationRequest free = new GenerationRequest(
                new dev.contexture.session.Prompt.Chat(messages, List.of(), Map.of()),
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
        boolean hasTools = used instanceof ToolCallingChatOptions options
                && !Objects.requireNonNullElse(options.getToolCallbacks(), List.of())
                        .isEmpty();
        if (hasTools) {
            throw new UnsupportedOperationException("tools are not supported yet");
        }
    }

    private static Map<String, Object> message(Message message) {
        if (message instanceof ToolResponseMessage) {
            throw new UnsupportedOperationException("tool responses are not supported yet");
        }
        String text = message.getText();
        return Map.of("role", message.getMessageType().getValue(), "content", text == null ? "" : text);
    }

    private ChatResponse response(String id, String text, @Nullable FinishReason reason, @Nullable Usage usage) {
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
        return new ChatResponse(List.of(new Generation(new AssistantMessage(text), generation)), metadata.build());
    }

    private static String id() {
        return "chatcmpl-" + UUID.randomUUID();
    }
}
