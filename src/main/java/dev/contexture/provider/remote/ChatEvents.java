package dev.contexture.provider.remote;

import dev.contexture.core.FinishReason;
import dev.contexture.core.SparsityMode;
import dev.contexture.core.SparsityUsage;
import dev.contexture.provider.ContextureException;
import dev.contexture.provider.ContextureException.Kind;
import dev.contexture.scheduler.RestoreReport;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Part;
import dev.contexture.session.GenerationEvent.Usage;
import dev.contexture.session.TurnOutcome;
import dev.contexture.session.dialect.AnswerPart;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** From chunks of a stream of one choice to the events that they were made of. Used by one subscriber. */
final class ChatEvents {
    private static final String DONE = "[DONE]";
    private static final double NANOS_PER_MILLI = 1e6;

    private final URI address;
    private final StringBuilder arguments = new StringBuilder();
    private int openCall = -1;
    private boolean isDone;
    private boolean isFinished;
    private boolean isComplete;

    private ChatEvents(URI address) {
        this.address = address;
    }

    /**
     * @param data of server-sent events
     * @return fails if the data end before finish reason and usage, or with the error that they carry
     */
    static Flux<GenerationEvent> of(Flux<String> data, URI address) {
        return Flux.defer(() -> {
            ChatEvents events = new ChatEvents(address);
            return data.concatMapIterable(events::take).concatWith(Mono.defer(events::end));
        });
    }

    private Mono<GenerationEvent> end() {
        return isDone && isFinished && isComplete
                ? Mono.empty()
                : Mono.error(new ContextureException(
                        Kind.DISCONNECTED, "the stream of " + address + " ended before the answer did"));
    }

    private List<GenerationEvent> take(String data) {
        if (data.equals(DONE)) {
            isDone = true;
            return List.of();
        }
        JsonNode chunk;
        try {
            chunk = JsonMapper.shared().readTree(data);
        } catch (JacksonException e) {
            throw RemoteFailures.unreadable(address, e);
        }
        if (chunk.hasNonNull("error")) {
            throw RemoteFailures.ofEvent(chunk.path("error"));
        }
        List<GenerationEvent> events = new ArrayList<>();
        for (JsonNode choice : chunk.path("choices")) {
            delta(choice.path("delta"), events);
            String reason = choice.path("finish_reason").stringValue(null);
            if (reason != null) {
                finish(reason, events);
            }
        }
        if (chunk.hasNonNull("usage")) {
            events.add(completed(chunk));
            isComplete = true;
        }
        return events;
    }

    private void delta(JsonNode delta, List<GenerationEvent> events) {
        String thought = delta.path("reasoning_content").stringValue("");
        if (!thought.isEmpty()) {
            events.add(new Part(0, new AnswerPart.Thought(thought)));
        }
        String text = delta.path("content").stringValue("");
        if (!text.isEmpty()) {
            endCall(events);
            events.add(new Delta(0, text, List.of()));
        }
        for (JsonNode call : delta.path("tool_calls")) {
            call(call, events);
        }
    }

    private void call(JsonNode call, List<GenerationEvent> events) {
        int index = call.path("index").intValue(0);
        JsonNode function = call.path("function");
        String id = call.path("id").stringValue(null);
        if (id != null) {
            endCall(events);
            openCall = index;
            events.add(new Part(
                    0, new AnswerPart.CallBegin(index, id, function.path("name").stringValue(""))));
        }
        if (index != openCall) {
            throw RemoteFailures.unreadable(address, null);
        }
        String fragment = function.path("arguments").stringValue("");
        if (!fragment.isEmpty()) {
            arguments.append(fragment);
            events.add(new Part(0, new AnswerPart.CallArguments(index, fragment)));
        }
    }

    /** The wire has no sign for it. */
    private void endCall(List<GenerationEvent> events) {
        if (openCall >= 0) {
            events.add(new Part(0, new AnswerPart.CallEnd(openCall, isObject(arguments))));
            openCall = -1;
            arguments.setLength(0);
        }
    }

    private void finish(String text, List<GenerationEvent> events) {
        FinishReason reason = switch (text) {
            case "stop" -> FinishReason.STOP;
            case "length" -> FinishReason.LENGTH;
            case "tool_calls" -> FinishReason.TOOL_CALLS;
            default -> throw RemoteFailures.unreadable(address, null);
        };
        if (reason != FinishReason.LENGTH || isObject(arguments)) {
            endCall(events);
        }
        events.add(new Finished(0, reason));
        isFinished = true;
    }

    /** Whether the length did not cut it. */
    private static boolean isObject(CharSequence json) {
        try {
            return JsonMapper.shared().readTree(json.toString()).isObject();
        } catch (JacksonException e) {
            return false;
        }
    }

    private static Completed completed(JsonNode chunk) {
        JsonNode usage = chunk.path("usage");
        JsonNode ours = chunk.path("contexture");
        return new Completed(
                new Usage(
                        usage.path("prompt_tokens").intValue(0),
                        usage.path("prompt_tokens_details")
                                .path("cached_tokens")
                                .intValue(0),
                        usage.path("completion_tokens").intValue(0),
                        usage.path("completion_tokens_details")
                                .path("reasoning_tokens")
                                .intValue(0),
                        sparsity(usage.path("contexture").path("sparsity")),
                        ours.hasNonNull("restore") ? restore(ours.path("restore")) : Optional.empty()),
                ours.hasNonNull("session") ? Optional.of(turn(ours)) : Optional.empty());
    }

    private static SparsityUsage sparsity(JsonNode given) {
        if (!given.isObject()) {
            return SparsityUsage.NONE;
        }
        long sparseSteps = given.path("sparse_steps").longValue(0);
        return new SparsityUsage(
                Names.constant(SparsityMode.class, given.path("mode").stringValue(""))
                        .orElse(SparsityMode.AUTO),
                given.path("budget").intValue(0),
                sparseSteps,
                given.path("dense_steps").longValue(0),
                given.path("fallback_steps").longValue(0),
                given.path("mean_selected_mass").doubleValue(1) * sparseSteps);
    }

    private static Optional<RestoreReport> restore(JsonNode given) {
        return Names.constant(RestoreReport.Choice.class, given.path("choice").stringValue(""))
                .map(choice -> new RestoreReport(
                        choice,
                        given.path("tokens").intValue(0),
                        nanos(given.path("estimated_load_ms")),
                        nanos(given.path("estimated_recompute_ms")),
                        given.path("host_tokens").intValue(0),
                        given.path("redis_tokens").intValue(0)));
    }

    private static long nanos(JsonNode millis) {
        return millis.isNumber() ? Math.round(millis.doubleValue() * NANOS_PER_MILLI) : Long.MAX_VALUE;
    }

    private static TurnOutcome turn(JsonNode ours) {
        JsonNode session = ours.path("session");
        return new TurnOutcome(
                session.path("id").stringValue(""),
                session.path("turn").intValue(0),
                session.path("tokens").intValue(0),
                session.path("matched_messages").intValue(0),
                session.path("committed").booleanValue(false),
                ours.path("persisted").booleanValue(false));
    }

    /** Constants as the wire writes them. */
    private static final class Names {
        static <E extends Enum<E>> Optional<E> constant(Class<E> type, String name) {
            for (E constant : type.getEnumConstants()) {
                if (constant.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(name)) {
                    return Optional.of(constant);
                }
            }
            return Optional.empty();
        }
    }
}
