package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.scheduler.RestoreReport;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.TurnOutcome;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What an answer says beyond OpenAI's: of the session, and of what came back instead of being computed.
 *
 * @param persisted whether the turn and its stored blocks outlive the process, as far as is known now; of sessions only
 */
@Schema(name = "ContextureOutcome")
record ContextureBody(
        @JsonProperty("session") @Nullable TurnBody session,
        @JsonProperty("persisted") @Nullable Boolean persisted,
        @JsonProperty("restore") @Nullable RestoreBody restore) {
    /**
     * @param turn number of the session's last complete turn
     * @param tokens of the session
     * @param matchedMessages of those sent, how many the session had already
     * @param committed whether this turn is part of the session
     */
    @Schema(name = "SessionTurn")
    record TurnBody(
            @JsonProperty("id") String id,
            @JsonProperty("turn") int turn,
            @JsonProperty("tokens") int tokens,
            @JsonProperty("matched_messages") int matchedMessages,
            @JsonProperty("committed") boolean committed) {}

    /**
     * Load or recompute, as it was decided before anything was loaded.
     *
     * @param choice whole, partial or recompute
     * @param tokens of the prompt that were not in the KV pool but may have been stored
     * @param loadMillis estimate; absent if the tiers could not be reached
     * @param recomputeMillis estimate; absent before anything was measured
     * @param hostTokens of {@code cached_tokens}, those that came back from host memory
     * @param redisTokens of {@code cached_tokens}, those that came back from Redis
     */
    @Schema(name = "RestoreDecision")
    record RestoreBody(
            @JsonProperty("choice") String choice,
            @JsonProperty("tokens") int tokens,
            @JsonProperty("estimated_load_ms") @Nullable Double loadMillis,

            @JsonProperty("estimated_recompute_ms") @Nullable
            Double recomputeMillis,

            @JsonProperty("host_tokens") int hostTokens,
            @JsonProperty("redis_tokens") int redisTokens) {
        static RestoreBody of(RestoreReport report) {
            return new RestoreBody(
                    report.choice().name().toLowerCase(Locale.ROOT),
                    report.tokens(),
                    millis(report.loadNanos()),
                    millis(report.computeNanos()),
                    report.hostTokens(),
                    report.remoteTokens());
        }

        private static @Nullable Double millis(long nanos) {
            return nanos == Long.MAX_VALUE ? null : Math.round(nanos / 1e4) / 1e2;
        }
    }

    /** Of a response: its conversation is no session that the caller could name, unless it is a turn of one. */
    static @Nullable ContextureBody ofResponse(Completed completed, boolean isTurn) {
        ContextureBody whole = of(completed);
        return whole == null || isTurn ? whole : new ContextureBody(null, whole.persisted, whole.restore);
    }

    static @Nullable ContextureBody of(Completed completed) {
        TurnOutcome turn = completed.turn().orElse(null);
        RestoreBody restore = completed.usage().restore().map(RestoreBody::of).orElse(null);
        if (turn == null) {
            return restore == null ? null : new ContextureBody(null, null, restore);
        }
        return new ContextureBody(
                new TurnBody(turn.session(), turn.turn(), turn.tokens(), turn.matchedMessages(), turn.committed()),
                turn.persisted(),
                restore);
    }
}
