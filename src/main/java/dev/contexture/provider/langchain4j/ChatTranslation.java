package dev.contexture.provider.langchain4j;

import dev.contexture.provider.Asked;
import dev.contexture.provider.ChatCall;
import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.ContextureException;
import dev.contexture.provider.Failures;
import dev.contexture.provider.Sampling;
import dev.contexture.provider.SingleAnswer;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.Prompt;
import dev.contexture.session.SpokenAnswer;
import dev.contexture.session.dialect.ToolChoice;
import dev.contexture.session.dialect.ToolDefinition;
import dev.contexture.session.dialect.ToolUse;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.ContentType;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.AuthenticationException;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.TimeoutException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import reactor.core.publisher.Mono;

/** Between LangChain4j's words and ours; translates and nothing else. */
final class ChatTranslation {
    static final Set<Capability> CAPABILITIES = Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);

    private final ContextureClient client;

    ChatTranslation(ContextureClient client) {
        this.client = client;
    }

    /**
     * @throws UnsupportedFeatureException at once, for what no answer can be asked with; all else is an error of the result
     */
    Mono<Asked> ask(ChatRequest request) {
        var parameters = ContextureChatRequestParameters.of(request.parameters());
        GenerationRequest generation;
        try {
            generation = generation(request.messages(), parameters);
        } catch (IllegalArgumentException e) {
            return Mono.error(e);
        }
        return Asked.of(
                client,
                parameters.modelName(),
                id -> new ChatCall(
                        id,
                        generation,
                        Optional.ofNullable(parameters.sessionId()).map(ChatCall.Turn::of)));
    }

    private static GenerationRequest generation(
            List<ChatMessage> messages, ContextureChatRequestParameters parameters) {
        Integer limit = parameters.maxOutputTokens();
        List<String> stop = parameters.stopSequences();
        Boolean thinking = parameters.thinking();
        GenerationRequest free = new GenerationRequest(
                new Prompt.Chat(
                        messages.stream().map(ChatTranslation::message).toList(),
                        tools(parameters),
                        thinking == null ? Map.of() : Map.of("enable_thinking", thinking)),
                limit == null ? OptionalInt.empty() : OptionalInt.of(limit),
                stop == null ? List.of() : stop,
                1,
                new Sampling(
                                parameters.temperature(),
                                parameters.topK(),
                                parameters.topP(),
                                parameters.frequencyPenalty(),
                                parameters.presencePenalty(),
                                parameters.minP(),
                                parameters.repetitionPenalty(),
                                parameters.seed())
                        .toParams(),
                ChatCall.TENANT,
                "",
                parameters.sparsity());
        return AnswerFormat.of(parameters.responseFormat())
                .map(free::constrained)
                .orElse(free);
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

    static Map<String, Object> message(ChatMessage message) {
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
            case UserMessage user -> Map.of("role", "user", "content", text(user));
            default ->
                throw new UnsupportedFeatureException("messages of type " + message.type() + " are not supported");
        };
    }

    private static String text(UserMessage user) {
        for (Content content : user.contents()) {
            if (content.type() != ContentType.TEXT) {
                throw new UnsupportedFeatureException("contents of type "
                        + content.type().name().toLowerCase(Locale.ROOT)
                        + " are not supported in user messages: they must be text");
            }
        }
        if (!user.hasSingleText()) {
            throw new UnsupportedFeatureException(
                    "several texts in a user message are not supported: they must be one");
        }
        return user.singleText();
    }

    /**
     * @param thinking empty for none
     */
    static AiMessage message(String text, String thinking, List<SpokenAnswer.Call> calls) {
        return AiMessage.builder()
                .text(text.isEmpty() && !calls.isEmpty() ? null : text)
                .thinking(thinking.isEmpty() ? null : thinking)
                .toolExecutionRequests(calls.stream().map(ChatTranslation::call).toList())
                .build();
    }

    static ToolExecutionRequest call(SpokenAnswer.Call call) {
        return ToolExecutionRequest.builder()
                .id(call.id())
                .name(call.name())
                .arguments(call.arguments())
                .build();
    }

    static ChatResponse response(SingleAnswer answer) {
        SpokenAnswer spoken = answer.spoken();
        return ChatResponse.builder()
                .aiMessage(message(spoken.text(), spoken.reasoning(), spoken.calls()))
                .metadata(ContextureChatResponseMetadata.of(answer))
                .build();
    }

    /** By kind, so that retries happen where they help. */
    static Throwable exception(Throwable error) {
        if (error instanceof LangChain4jException) {
            return error;
        }
        ContextureException failure = Failures.of(error);
        return switch (failure.kind()) {
            case INVALID_REQUEST, CONTEXT_LENGTH, SESSION_NOT_FOUND, SESSION_BUSY ->
                new InvalidRequestException(failure.getMessage(), failure);
            case MODEL_NOT_FOUND -> new ModelNotFoundException(failure.getMessage(), failure);
            case AUTHENTICATION -> new AuthenticationException(failure.getMessage(), failure);
            case RATE_LIMITED -> new RateLimitException(failure.getMessage(), failure);
            case TIMEOUT -> new TimeoutException(failure.getMessage(), failure);
            case UNAVAILABLE, UNREACHABLE, DISCONNECTED, INTERNAL ->
                new InternalServerException(failure.getMessage(), failure);
        };
    }
}
