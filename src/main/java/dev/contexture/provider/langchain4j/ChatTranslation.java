package dev.contexture.provider.langchain4j;

import dev.contexture.core.SparsityOverrides;
import dev.contexture.provider.Sampling;
import dev.contexture.provider.SingleAnswer;
import dev.contexture.scheduler.QueueFullException;
import dev.contexture.scheduler.ShuttingDownException;
import dev.contexture.session.ContextLengthExceededException;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.InferenceService;
import dev.contexture.session.InvalidPromptException;
import dev.contexture.session.Prompt;
import dev.contexture.session.SpokenAnswer;
import dev.contexture.session.dialect.ToolChoice;
import dev.contexture.session.dialect.ToolDefinition;
import dev.contexture.session.dialect.ToolUse;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/** Between LangChain4j's words and ours; translates and nothing else. */
final class ChatTranslation {
    static final Set<Capability> CAPABILITIES = Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);

    private static final String TENANT = "embedded";

    private final InferenceService service;

    ChatTranslation(InferenceService service) {
        this.service = service;
    }

    /** Events come on threads that may block: handlers and stages behind a future are the caller's code. */
    Flux<GenerationEvent> generate(ChatRequest request) {
        return Flux.defer(() -> service.generate(generation(request))).publishOn(Schedulers.boundedElastic());
    }

    private GenerationRequest generation(ChatRequest request) {
        ChatRequestParameters parameters = request.parameters();
        requireSupported(parameters);
        List<Map<String, Object>> messages =
                request.messages().stream().map(ChatTranslation::message).toList();
        Integer limit = parameters.maxOutputTokens();
        List<String> stop = parameters.stopSequences();
        GenerationRequest free = new GenerationRequest(
                new Prompt.Chat(messages, tools(parameters), Map.of()),
                limit == null ? OptionalInt.empty() : OptionalInt.of(limit),
                stop == null ? List.of() : stop,
                1,
                new Sampling(
                                parameters.temperature(),
                                parameters.topK(),
                                parameters.topP(),
                                parameters.frequencyPenalty(),
                                parameters.presencePenalty())
                        .toParams(),
                TENANT,
                "",
                SparsityOverrides.NONE);
        return AnswerFormat.of(parameters.responseFormat())
                .map(free::constrained)
                .orElse(free);
    }

    private void requireSupported(ChatRequestParameters parameters) {
        String served = service.model().id();
        if (parameters.modelName() != null && !parameters.modelName().equals(served)) {
            throw new ModelNotFoundException(
                    "the model " + parameters.modelName() + " is not served; " + served + " is");
        }
    }

    private static ToolUse tools(ChatRequestParameters parameters) {
        List<ToolSpecification> specifications = parameters.toolSpecifications();
        if (specifications == null || specifications.isEmpty()) {
            return ToolUse.NONE;
        }
        return new ToolUse(
                specifications.stream().map(ChatTranslation::tool).toList(),
                switch (parameters.toolChoice()) {
                    case null -> ToolChoice.AUTO;
                    case AUTO -> ToolChoice.AUTO;
                    case NONE -> ToolChoice.NONE;
                    case REQUIRED -> ToolChoice.REQUIRED;
                },
                true);
    }

    private static ToolDefinition tool(ToolSpecification specification) {
        return ToolDefinition.of(
                specification.name(),
                specification.description() == null ? "" : specification.description(),
                specification.parameters() == null
                        ? Map.of()
                        : JsonSchemaElementUtils.toMap(specification.parameters()));
    }

    private static Map<String, Object> message(ChatMessage message) {
        return switch (message) {
            case SystemMessage system -> Map.of("role", "system", "content", system.text());
            case AiMessage assistant ->
                SpokenAnswer.message(
                        assistant.text() == null ? "" : assistant.text(),
                        assistant.thinking() == null ? "" : assistant.thinking(),
                        assistant.toolExecutionRequests().stream()
                                .map(call -> new SpokenAnswer.Call(
                                        call.id(), call.name(), call.arguments() == null ? "" : call.arguments()))
                                .toList());
            case ToolExecutionResultMessage result ->
                Map.of("role", "tool", "content", result.text(), "tool_call_id", String.valueOf(result.id()));
            case UserMessage user -> {
                if (!user.hasSingleText()) {
                    throw new UnsupportedFeatureException("user messages must be one text");
                }
                yield Map.of("role", "user", "content", user.singleText());
            }
            default ->
                throw new UnsupportedFeatureException("messages of type " + message.type() + " are not supported");
        };
    }

    private static AiMessage message(SpokenAnswer spoken) {
        List<ToolExecutionRequest> calls =
                spoken.calls().stream().map(ChatTranslation::call).toList();
        return AiMessage.builder()
                .text(spoken.text().isEmpty() && !calls.isEmpty() ? null : spoken.text())
                .thinking(spoken.reasoning().isEmpty() ? null : spoken.reasoning())
                .toolExecutionRequests(calls)
                .build();
    }

    static ToolExecutionRequest call(SpokenAnswer.Call call) {
        return ToolExecutionRequest.builder()
                .id(call.id())
                .name(call.name())
                .arguments(call.arguments())
                .build();
    }

    ChatResponse response(SingleAnswer answer) {
        return ChatResponse.builder()
                .aiMessage(message(answer.spoken()))
                .id("chatcmpl-" + UUID.randomUUID())
                .modelName(service.model().id())
                .tokenUsage(new ContextureTokenUsage(answer.usage()))
                .finishReason(
                        switch (answer.reason()) {
                            case STOP -> FinishReason.STOP;
                            case LENGTH -> FinishReason.LENGTH;
                            case TOOL_CALLS -> FinishReason.TOOL_EXECUTION;
                            case CANCELLED -> FinishReason.OTHER;
                        })
                .build();
    }

    /** By kind, so that retries happen where they help. */
    static Throwable exception(Throwable error) {
        return switch (error) {
            case LangChain4jException already -> already;
            case QueueFullException full -> new RateLimitException(full);
            case ShuttingDownException down -> new InternalServerException(down);
            case ContextLengthExceededException tooLong -> new InvalidRequestException(tooLong);
            case InvalidPromptException invalid -> new InvalidRequestException(invalid);
            case IllegalArgumentException invalid -> new InvalidRequestException(invalid);
            default -> new InternalServerException(error);
        };
    }
}
