package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.core.SparsityMode;
import dev.contexture.core.SparsityOverrides;
import dev.contexture.session.TurnOptions;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Our extension of a request's body: everything of ours is under one object. */
@Schema(name = "ContextureOptions")
record ContextureFields(
        @JsonProperty("sparsity") @Nullable SparsityFields sparsity,
        @JsonProperty("session") @Nullable SessionFields session) {
    /**
     * @param waitMillis how long to wait for another turn of the session; absent: not at all
     */
    @Schema(name = "SessionOptions")
    record SessionFields(
            @JsonProperty("wait_ms") @Nullable Long waitMillis,

            @Schema(description = "what becomes of the turn if the client goes away: rollback or keep")
            @JsonProperty("on_disconnect")
            @Nullable
            String onDisconnect) {}

    /**
     * @param budget most tokens attended per step, layer group and KV head
     * @param sink first tokens, always attended
     * @param recent last tokens, always attended
     */
    @Schema(name = "SparsityOptions")
    record SparsityFields(
            @Schema(description = "auto, dense, tokens, blocks or two-level") @JsonProperty("mode") @Nullable
            String mode,

            @JsonProperty("budget") @Nullable Integer budget,
            @JsonProperty("sink") @Nullable Integer sink,
            @JsonProperty("recent") @Nullable Integer recent) {}

    /**
     * @throws InvalidRequestException names the field at fault
     */
    static SparsityOverrides sparsity(@Nullable ContextureFields given) {
        if (given == null || given.sparsity == null) {
            return SparsityOverrides.NONE;
        }
        SparsityFields fields = given.sparsity;
        return new SparsityOverrides(
                fields.mode == null ? null : mode(fields.mode), fields.budget, fields.sink, fields.recent);
    }

    /**
     * @param longestWait most that may be waited
     * @throws InvalidRequestException names the field at fault
     */
    static TurnOptions turn(@Nullable ContextureFields given, Duration longestWait) {
        if (given == null || given.session == null) {
            return TurnOptions.DEFAULT;
        }
        SessionFields fields = given.session;
        long wait = fields.waitMillis == null ? 0 : fields.waitMillis;
        if (wait < 0 || wait > longestWait.toMillis()) {
            throw InvalidRequestException.badValue(
                    "contexture.session.wait_ms must be 0 to " + longestWait.toMillis() + " but is " + wait + ".",
                    "contexture.session.wait_ms");
        }
        return new TurnOptions(Duration.ofMillis(wait), onDisconnect(fields.onDisconnect));
    }

    private static TurnOptions.OnDisconnect onDisconnect(@Nullable String text) {
        return switch (text) {
            case null -> TurnOptions.OnDisconnect.ROLLBACK;
            case "rollback" -> TurnOptions.OnDisconnect.ROLLBACK;
            case "keep" -> TurnOptions.OnDisconnect.KEEP;
            default ->
                throw InvalidRequestException.badValue(
                        "contexture.session.on_disconnect must be rollback or keep but is '" + text + "'.",
                        "contexture.session.on_disconnect");
        };
    }

    private static SparsityMode mode(String text) {
        for (SparsityMode mode : SparsityMode.values()) {
            if (name(mode).equals(text)) {
                return mode;
            }
        }
        throw InvalidRequestException.badValue(
                "contexture.sparsity.mode must be one of "
                        + Arrays.stream(SparsityMode.values())
                                .map(ContextureFields::name)
                                .collect(Collectors.joining(", "))
                        + " but is '" + text + "'.",
                "contexture.sparsity.mode");
    }

    static String name(SparsityMode mode) {
        return mode.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
