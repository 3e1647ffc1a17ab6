package dev.contexture.provider.remote;

import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.SparsityOverrides;
import dev.contexture.provider.ChatCall;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.OpenAiMessages;
import dev.contexture.session.Prompt;
import dev.contexture.session.TurnOptions;
import dev.contexture.session.dialect.ToolChoice;
import dev.contexture.session.dialect.ToolUse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** A call as the body of POST /chat/completions. */
final class ChatBody {
    private static final String FUNCTION = "function";

    private ChatBody() {}

    /**
     * @param model that the service serves
     * @throws IllegalArgumentException if the answer is to be something that has no name on the wire
     */
    static Map<String, Object> of(ChatCall call, String model) {
        GenerationRequest request = call.request();
        Prompt.Chat prompt = call.prompt();
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("model", model);
        body.put("messages", messages(prompt.messages()));
        body.put("stream", true);
        body.put("stream_options", Map.of("include_usage", true));
        request.maxTokens().ifPresent(limit -> body.put("max_completion_tokens", limit));
        if (!request.stop().isEmpty()) {
            body.put("stop", request.stop());
        }
        sampling(body, request.sampling());
        tools(body, prompt.tools());
        request.constraint().ifPresent(format -> body.put("response_format", format(format)));
        if (!prompt.templateArguments().isEmpty()) {
            body.put("chat_template_kwargs", prompt.templateArguments());
        }
        if (!request.cacheSalt().isEmpty()) {
            body.put("cache_salt", request.cacheSalt());
        }
        Map<String, Object> ours = new LinkedHashMap<>();
        sparsity(ours, request.sparsity());
        call.session().ifPresent(turn -> {
            body.put("session_id", turn.session());
            ours.put("session", session(turn.options()));
        });
        if (!ours.isEmpty()) {
            body.put("contexture", ours);
        }
        return body;
    }

    static List<Map<String, Object>> messages(List<Map<String, Object>> messages) {
        return messages.stream().map(OpenAiMessages::written).toList();
    }

    private static void sampling(Map<String, Object> body, SamplingParams sampling) {
        body.put("temperature", sampling.temperature());
        body.put("top_k", sampling.topK());
        body.put("top_p", sampling.topP());
        body.put("min_p", sampling.minP());
        body.put("repetition_penalty", sampling.repetitionPenalty());
        body.put("frequency_penalty", sampling.frequencyPenalty());
        body.put("presence_penalty", sampling.presencePenalty());
        if (!sampling.logitBias().isEmpty()) {
            body.put("logit_bias", sampling.logitBias());
        }
        if (sampling.seed() != null) {
            body.put("seed", sampling.seed());
        }
    }

    private static void tools(Map<String, Object> body, ToolUse use) {
        if (use.tools().isEmpty()) {
            return;
        }
        body.put(
                "tools",
                use.tools().stream()
                        .map(tool -> Map.of("type", FUNCTION, FUNCTION, tool.function()))
                        .toList());
        body.put(
                "tool_choice",
                switch (use.choice()) {
                    case ToolChoice.Auto auto -> "auto";
                    case ToolChoice.None none -> "none";
                    case ToolChoice.Required required -> "required";
                    case ToolChoice.Named named -> Map.of("type", FUNCTION, FUNCTION, Map.of("name", named.name()));
                });
        body.put("parallel_tool_calls", use.parallel());
    }

    private static Map<String, Object> format(ConstraintSpec format) {
        return switch (format) {
            case ConstraintSpec.AnyObject any -> Map.of("type", "json_object");
            case ConstraintSpec.Schema schema ->
                Map.of(
                        "type",
                        "json_schema",
                        "json_schema",
                        Map.of("name", "answer", "schema", JsonMapper.shared().readTree(schema.json())));
            default ->
                throw new IllegalArgumentException("response_format must be an object or a schema but is "
                        + format.getClass().getSimpleName());
        };
    }

    private static void sparsity(Map<String, Object> ours, SparsityOverrides overrides) {
        if (overrides.equals(SparsityOverrides.NONE)) {
            return;
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        if (overrides.mode() != null) {
            fields.put("mode", overrides.mode().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        }
        if (overrides.budget() != null) {
            fields.put("budget", overrides.budget());
        }
        if (overrides.sink() != null) {
            fields.put("sink", overrides.sink());
        }
        if (overrides.recent() != null) {
            fields.put("recent", overrides.recent());
        }
        ours.put("sparsity", fields);
    }

    private static Map<String, Object> session(TurnOptions options) {
        return Map.of(
                "wait_ms",
                options.longestWait().toMillis(),
                "on_disconnect",
                options.onDisconnect().name().toLowerCase(Locale.ROOT));
    }
}
