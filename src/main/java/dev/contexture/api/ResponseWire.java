package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonRawValue;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.responses.AnswerFormat;
import dev.contexture.session.responses.AskedTools;
import dev.contexture.session.responses.Response;
import dev.contexture.session.responses.ResponseItem;
import dev.contexture.session.responses.ResponseStatus;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Responses on the wire. */
final class ResponseWire {
    private ResponseWire() {}

    /**
     * What OpenAI's clients expect to be there is there, if only as null.
     *
     * @param store whether it can be asked for later: false, too, where that was asked for and could not be done
     */
    @Schema(name = "Response")
    @JsonInclude(JsonInclude.Include.ALWAYS)
    record Body(
            @JsonProperty("id") String id,
            @JsonProperty("object") String object,
            @JsonProperty("created_at") long createdAt,
            @JsonProperty("completed_at") @Nullable Long completedAt,
            @JsonProperty("status") String status,
            @JsonProperty("background") boolean background,
            @JsonProperty("error") @Nullable ErrorDetail error,

            @JsonProperty("incomplete_details") @Nullable IncompleteDetails incompleteDetails,

            @JsonProperty("instructions") @Nullable String instructions,
            @JsonProperty("max_output_tokens") @Nullable Integer maxOutputTokens,
            @JsonProperty("model") String model,
            @JsonProperty("output") List<Item> output,
            @JsonProperty("parallel_tool_calls") boolean parallelToolCalls,

            @JsonProperty("previous_response_id") @Nullable String previousResponseId,

            @JsonProperty("prompt_cache_key") @Nullable String promptCacheKey,
            @JsonProperty("reasoning") Reasoning reasoning,
            @JsonProperty("safety_identifier") @Nullable String safetyIdentifier,
            @JsonProperty("store") boolean store,
            @JsonProperty("temperature") float temperature,
            @JsonProperty("text") TextConfig text,

            @Schema(description = "none, auto, required, or an object that names a function")
            @JsonProperty("tool_choice")
            Object toolChoice,

            @JsonProperty("tools") List<ResponseTools.Tool> tools,
            @JsonProperty("top_p") float topP,
            @JsonProperty("truncation") String truncation,
            @JsonProperty("usage") @Nullable Usage usage,
            @JsonProperty("user") @Nullable String user,
            @JsonProperty("metadata") Map<String, String> metadata,

            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("session_id") @Nullable
            String sessionId,

            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("contexture") @Nullable
            ContextureBody contexture) {
        /**
         * @param completed what the generation said at its end, where that is just over
         */
        static Body of(Response response, Optional<Completed> completed) {
            AskedTools tools = response.settings().tools();
            return new Body(
                    response.id(),
                    "response",
                    response.created().getEpochSecond(),
                    response.status() == ResponseStatus.COMPLETED
                            ? response.ended().map(Instant::getEpochSecond).orElse(null)
                            : null,
                    nameOf(response.status()),
                    false,
                    response.error()
                            .map(error -> new ErrorDetail(error.code(), error.message()))
                            .orElse(null),
                    response.status() == ResponseStatus.INCOMPLETE ? new IncompleteDetails("max_output_tokens") : null,
                    response.settings().instructions().orElse(null),
                    response.settings().maxOutputTokens().orElse(null),
                    response.model(),
                    response.output().stream().map(Item::of).toList(),
                    tools.parallel(),
                    response.previous().orElse(null),
                    response.settings().promptCacheKey().orElse(null),
                    new Reasoning(response.settings().reasoningEffort().orElse(null), null),
                    response.settings().safetyIdentifier().orElse(null),
                    response.stored(),
                    response.settings().temperature(),
                    new TextConfig(TextFormat.of(response.settings().format())),
                    ResponseTools.choice(tools.choice()),
                    ResponseTools.of(tools),
                    response.settings().topP(),
                    "disabled",
                    Usage.of(response, completed),
                    response.settings().user().orElse(null),
                    response.settings().metadata(),
                    response.session().orElse(null),
                    completed
                            .map(end -> ContextureBody.ofResponse(
                                    end, response.session().isPresent()))
                            .orElse(null));
        }
    }

    private static String nameOf(ResponseStatus status) {
        return status.name().toLowerCase(Locale.ROOT);
    }

    record ErrorDetail(
            @JsonProperty("code") String code,
            @JsonProperty("message") String message) {}

    record IncompleteDetails(@JsonProperty("reason") String reason) {}

    @JsonInclude(JsonInclude.Include.ALWAYS)
    record Reasoning(
            @JsonProperty("effort") @Nullable String effort,
            @JsonProperty("summary") @Nullable String summary) {}

    record TextConfig(@JsonProperty("format") TextFormat format) {}

    /** What the text was asked to be; fields that its type does not have are absent. */
    @Schema(name = "ResponseTextFormat")
    record TextFormat(
            @JsonProperty("type") String type,
            @JsonProperty("name") @Nullable String name,
            @JsonProperty("description") @Nullable String description,

            @Schema(type = "object") @JsonRawValue @JsonProperty("schema") @Nullable
            String schema,

            @JsonProperty("strict") @Nullable Boolean strict) {
        static TextFormat of(AnswerFormat format) {
            return switch (format) {
                case AnswerFormat.Text text -> new TextFormat("text", null, null, null, null);
                case AnswerFormat.JsonObject any -> new TextFormat("json_object", null, null, null, null);
                case AnswerFormat.JsonSchema of ->
                    new TextFormat(
                            "json_schema",
                            of.name(),
                            of.description().orElse(null),
                            of.schema(),
                            of.strict().orElse(null));
            };
        }
    }

    /** An item of input or output; fields that its type does not have are absent. */
    @Schema(name = "ResponseItem")
    record Item(
            @JsonProperty("id") String id,
            @JsonProperty("type") String type,
            @JsonProperty("status") String status,
            @JsonProperty("role") @Nullable String role,
            @JsonProperty("content") @Nullable List<Part> content,
            @JsonProperty("call_id") @Nullable String callId,
            @JsonProperty("name") @Nullable String name,
            @JsonProperty("arguments") @Nullable String arguments,
            @JsonProperty("output") @Nullable String output,
            @JsonProperty("summary") @Nullable List<Object> summary) {
        static Item of(ResponseItem item) {
            return switch (item) {
                case ResponseItem.Message message ->
                    message(
                            message.id(),
                            status(message.whole()),
                            message.role(),
                            message.texts().stream()
                                    .map(text -> Part.of(message.role(), text))
                                    .toList());
                case ResponseItem.Reasoning reasoning ->
                    reasoning(reasoning, status(reasoning.whole()), List.of(Part.reasoning(reasoning.text())));
                case ResponseItem.FunctionCall call -> call(call, status(call.whole()));
                case ResponseItem.FunctionCallOutput output ->
                    new Item(
                            output.id(),
                            "function_call_output",
                            "completed",
                            null,
                            null,
                            output.callId(),
                            null,
                            null,
                            output.output(),
                            null);
            };
        }

        /** Of the output, at its beginning. */
        static Item begun(ResponseItem item) {
            String status = "in_progress";
            return switch (item) {
                case ResponseItem.Message message -> message(message.id(), status, message.role(), List.of());
                case ResponseItem.Reasoning reasoning -> reasoning(reasoning, status, List.of());
                case ResponseItem.FunctionCall call -> call(call, status);
                case ResponseItem.FunctionCallOutput output ->
                    throw new IllegalArgumentException("a model gives no output of functions");
            };
        }

        private static String status(boolean whole) {
            return whole ? "completed" : "incomplete";
        }

        /** There is no summary: the thoughts are there themselves. */
        private static Item reasoning(ResponseItem.Reasoning reasoning, String status, List<Part> content) {
            return new Item(reasoning.id(), "reasoning", status, null, content, null, null, null, null, List.of());
        }

        private static Item call(ResponseItem.FunctionCall call, String status) {
            return new Item(
                    call.id(),
                    "function_call",
                    status,
                    null,
                    null,
                    call.callId(),
                    call.name(),
                    call.arguments(),
                    null,
                    null);
        }

        private static Item message(String id, String status, ResponseItem.Role role, List<Part> content) {
            return new Item(
                    id, "message", status, role.name().toLowerCase(Locale.ROOT), content, null, null, null, null, null);
        }
    }

    /**
     * @param annotations of an answer's text only; there are none
     */
    @Schema(name = "ResponsePart")
    record Part(
            @JsonProperty("type") String type,
            @JsonProperty("text") String text,
            @JsonProperty("annotations") @Nullable List<Object> annotations,
            @JsonProperty("logprobs") @Nullable List<Object> logprobs) {
        static Part of(ResponseItem.Role role, String text) {
            return role == ResponseItem.Role.ASSISTANT
                    ? new Part("output_text", text, List.of(), List.of())
                    : new Part("input_text", text, null, null);
        }

        static Part reasoning(String text) {
            return new Part("reasoning_text", text, null, null);
        }
    }

    /**
     * Token counts by their names in this API.
     *
     * @param contexture how the output was decoded, where that is just over
     */
    @Schema(name = "ResponseUsage")
    record Usage(
            @JsonProperty("input_tokens") int inputTokens,
            @JsonProperty("input_tokens_details") InputDetails inputDetails,
            @JsonProperty("output_tokens") int outputTokens,
            @JsonProperty("output_tokens_details") OutputDetails outputDetails,
            @JsonProperty("total_tokens") int totalTokens,
            @JsonProperty("contexture") UsageBody.@Nullable ContextureDetails contexture) {
        static @Nullable Usage of(Response response, Optional<Completed> completed) {
            return response.usage()
                    .map(counts -> new Usage(
                            counts.input(),
                            new InputDetails(counts.cached(), 0),
                            counts.output(),
                            new OutputDetails(counts.reasoning()),
                            counts.input() + counts.output(),
                            completed
                                    .map(end -> UsageBody.of(end.usage()).contexture())
                                    .orElse(null)))
                    .orElse(null);
        }
    }

    /**
     * @param cachedTokens of the input that were not computed again
     * @param cacheWriteTokens 0: writing to the cache is no matter of the caller's here
     */
    record InputDetails(
            @JsonProperty("cached_tokens") int cachedTokens,
            @JsonProperty("cache_write_tokens") int cacheWriteTokens) {}

    record OutputDetails(@JsonProperty("reasoning_tokens") int reasoningTokens) {}

    @Schema(name = "ResponseDeleted")
    record Deleted(
            @JsonProperty("id") String id,
            @JsonProperty("object") String object,
            @JsonProperty("deleted") boolean deleted) {}

    /** Some of the input items; a page that is empty has empty ids, as clients insist on texts. */
    @Schema(name = "ResponseItemList")
    record Items(
            @JsonProperty("object") String object,
            @JsonProperty("data") List<Item> data,
            @JsonProperty("first_id") String firstId,
            @JsonProperty("last_id") String lastId,
            @JsonProperty("has_more") boolean hasMore) {
        static Items of(List<ResponseItem> page, boolean hasMore) {
            return new Items(
                    "list",
                    page.stream().map(Item::of).toList(),
                    page.isEmpty() ? "" : page.getFirst().id(),
                    page.isEmpty() ? "" : page.getLast().id(),
                    hasMore);
        }
    }
}
