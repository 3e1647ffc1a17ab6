package dev.contexture.api;

import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.Prompt;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** From the body of a chat completion to what session reads. */
final class ChatRequests {
    private static final Set<String> ROLES = Set.of("system", "developer", "user", "assistant", "tool");

    private final SamplingReader sampling;

    ChatRequests(ApiProperties bounds) {
        this.sampling = new SamplingReader(bounds);
    }

    /**
     * @throws InvalidRequestException names the field at fault
     */
    GenerationRequest toGeneration(ChatCompletionRequest request, String tenant) {
        requireSupported(request);
        boolean logprobs = Boolean.TRUE.equals(request.logprobs());
        int topLogprobs = request.topLogprobs() == null ? 0 : request.topLogprobs();
        OptionalInt limit = maxTokens(request);
        Optional<ConstraintSpec> format = ResponseFormat.ofChat(request.responseFormat());
        try {
            GenerationRequest generation = new GenerationRequest(
                    new Prompt.Chat(
                            messages(request.messages()), List.of(), templateArguments(request.chatTemplateKwargs())),
                    limit,
                    sampling.stop(request),
                    sampling.choices(request, 1),
                    sampling.sampling(request, logprobs, topLogprobs),
                    tenant,
                    request.cacheSalt() == null ? "" : request.cacheSalt(),
                    ContextureFields.sparsity(request.contexture()));
            return format.map(generation::constrained).orElse(generation);
        } catch (IllegalArgumentException e) {
            throw SamplingReader.outOfRange(e);
        }
    }

    /** The newer field counts, but the older one must not be nonsense beside it. */
    private static OptionalInt maxTokens(ChatCompletionRequest request) {
        requirePositive(request.maxTokens(), "max_tokens");
        requirePositive(request.maxCompletionTokens(), "max_completion_tokens");
        Integer limit = request.maxCompletionTokens() == null ? request.maxTokens() : request.maxCompletionTokens();
        return limit == null ? OptionalInt.empty() : OptionalInt.of(limit);
    }

    private static void requirePositive(@Nullable Integer value, String param) {
        if (value != null && value < 1) {
            throw InvalidRequestException.badValue(param + " must be at least 1 but is " + value + ".", param);
        }
    }

    private static void requireSupported(ChatCompletionRequest request) {
        if (request.tools() != null && !request.tools().isEmpty() && !"none".equals(request.toolChoice())) {
            throw InvalidRequestException.unsupported(
                    "Tools are not supported yet: leave 'tools' out or set 'tool_choice' to 'none'.", "tools");
        }
    }

    /** A null argument says as much as none. */
    static Map<String, Object> templateArguments(@Nullable Map<String, Object> given) {
        Map<String, Object> arguments = new LinkedHashMap<>();
        if (given != null) {
            arguments.putAll(given);
            arguments.values().removeIf(Objects::isNull);
        }
        return arguments;
    }

    /** Messages as chat templates read them: text content is one string, "developer" is "system". */
    static List<Map<String, Object>> messages(@Nullable List<Map<String, Object>> given) {
        if (given == null) {
            throw InvalidRequestException.missing("messages");
        }
        if (given.isEmpty()) {
            throw InvalidRequestException.badValue("'messages' must have at least one message.", "messages");
        }
        List<Map<String, Object>> messages = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            messages.add(message(given.get(i), "messages[" + i + "]"));
        }
        return messages;
    }

    private static Map<String, Object> message(@Nullable Map<String, Object> given, String param) {
        if (given == null) {
            throw InvalidRequestException.badType(param, "an object");
        }
        Object role = given.get("role");
        if (role == null) {
            throw InvalidRequestException.missing(param + ".role");
        }
        if (!(role instanceof String name)) {
            throw InvalidRequestException.badType(param + ".role", "a string");
        }
        if (!ROLES.contains(name)) {
            throw InvalidRequestException.badValue(
                    "'" + param + ".role' must be system, developer, user, assistant or tool but is '" + name + "'.",
                    param + ".role");
        }
        Map<String, Object> message = new LinkedHashMap<>(given);
        message.values().removeIf(Objects::isNull); // clients write fields out that they do not use
        message.put("role", name.equals("developer") ? "system" : name);
        String content = content(given, name, param + ".content");
        message.put("content", content == null ? "" : content);
        return message;
    }

    private static @Nullable String content(Map<String, Object> message, String role, String param) {
        return switch (message.get("content")) {
            case null -> {
                if (role.equals("assistant") && message.get("tool_calls") != null) {
                    yield null;
                }
                throw InvalidRequestException.missing(param);
            }
            case String text -> text;
            case List<?> parts -> joined(parts, param);
            default -> throw InvalidRequestException.badType(param, "a string or an array of content parts");
        };
    }

    private static String joined(List<?> parts, String param) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < parts.size(); i++) {
            String at = param + "[" + i + "]";
            if (!(parts.get(i) instanceof Map<?, ?> part)) {
                throw InvalidRequestException.badType(at, "an object");
            }
            if (!"text".equals(part.get("type"))) {
                throw InvalidRequestException.unsupported(
                        "'" + at + ".type' is '" + part.get("type") + "', but this model reads only text.",
                        at + ".type");
            }
            if (!(part.get("text") instanceof String piece)) {
                throw InvalidRequestException.badType(at + ".text", "a string");
            }
            text.append(piece);
        }
        return text.toString();
    }
}
