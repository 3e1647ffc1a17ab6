package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.core.SparsityMode;
import dev.contexture.core.SparsityOverrides;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Our extension of a request's body: everything of ours is under one object. */
@Schema(name = "ContextureOptions")
record ContextureFields(@JsonProperty("sparsity") @Nullable SparsityFields sparsity) {
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
