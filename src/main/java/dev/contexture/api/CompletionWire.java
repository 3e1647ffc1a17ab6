package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.session.GenerationEvent.TokenDetail;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Text completions on the wire; whole answers and chunks have one shape. */
final class CompletionWire {
    static final String ID_PREFIX = "cmpl-";

    private CompletionWire() {}

    @Schema(name = "Completion")
    record Completion(
            @JsonProperty("id") String id,
            @JsonProperty("object") String object,
            @JsonProperty("created") long created,
            @JsonProperty("model") String model,
            @JsonProperty("system_fingerprint") String systemFingerprint,
            @JsonProperty("choices") List<Choice> choices,
            @JsonProperty("usage") @Nullable Object usage) {
        static Completion of(CompletionHead head, List<Choice> choices, @Nullable Object usage) {
            return new Completion(
                    head.id(), "text_completion", head.created(), head.model(), head.fingerprint(), choices, usage);
        }
    }

    @Schema(name = "CompletionChoice")
    @JsonInclude(JsonInclude.Include.ALWAYS)
    record Choice(
            @JsonProperty("index") int index,
            @JsonProperty("text") String text,
            @JsonProperty("logprobs") @Nullable Logprobs logprobs,
            @JsonProperty("finish_reason") @Nullable String finishReason) {}

    /**
     * @param textOffsets where each token begins in the choice's text
     */
    record Logprobs(
            @JsonProperty("tokens") List<String> tokens,
            @JsonProperty("token_logprobs") List<Float> tokenLogprobs,
            @JsonProperty("top_logprobs") List<Map<String, Float>> topLogprobs,
            @JsonProperty("text_offset") List<Integer> textOffsets) {
        /**
         * @param begin where the first token begins in the choice's text
         */
        static @Nullable Logprobs of(List<TokenDetail> details, int begin) {
            if (details.isEmpty()) {
                return null;
            }
            Logprobs logprobs =
                    new Logprobs(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
            int offset = begin;
            for (TokenDetail token : details) {
                logprobs.tokens.add(token.text());
                logprobs.tokenLogprobs.add(token.logprob());
                Map<String, Float> top = new LinkedHashMap<>();
                token.alternatives().forEach(other -> top.put(other.text(), other.logprob()));
                logprobs.topLogprobs.add(top);
                logprobs.textOffsets.add(offset);
                offset += token.text().length();
            }
            return logprobs;
        }
    }
}
