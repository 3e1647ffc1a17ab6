package dev.contexture.provider.autoconfigure;

import dev.contexture.core.SparsityMode;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Contexture as a provider of LangChain4j.
 *
 * @param mode {@code embedded}: the engine of this process, started where the application has none; {@code remote}: a service over HTTP; none:
 *     the application's engine if it has one
 * @param baseUrl of the service, such as {@code http://localhost:8080/v1}; remote only, and needed there
 * @param apiKey of the service; remote only
 * @param connectTimeout of a connection; remote only
 * @param responseTimeout of an answer that comes as a whole, such as vectors; remote only
 * @param silenceTimeout of a stream: longest time in which nothing comes, not even a comment; remote only
 * @param maxRetries times that a request is sent again that nothing came of yet, 0 to 10; remote only
 * @param chatModel what requests leave open
 * @param memory where a {@code ChatMemory} keeps what was said
 */
@ConfigurationProperties(LangChain4jContextureProperties.PREFIX)
public record LangChain4jContextureProperties(
        @Nullable ProviderMode mode,
        @DefaultValue("") String baseUrl,
        @DefaultValue("") String apiKey,
        @DefaultValue("10s") Duration connectTimeout,
        @DefaultValue("5m") Duration responseTimeout,
        @DefaultValue("60s") Duration silenceTimeout,
        @DefaultValue("2") int maxRetries,
        @DefaultValue Chat chatModel,
        @DefaultValue Memory memory) {
    static final String PREFIX = "langchain4j.contexture";

    /**
     * Defaults of requests; without a value, what the engine says.
     *
     * @param temperature 0 to 2; 0 is greedy
     * @param topK keep the k likeliest tokens
     * @param topP keep the smallest set of tokens whose probability reaches this
     * @param minP drop tokens less likely than this share of the likeliest
     * @param repetitionPenalty above 0, at most 10; 1 is off
     * @param frequencyPenalty -2 to 2
     * @param presencePenalty -2 to 2
     * @param maxTokens of an answer
     * @param seed makes draws repeatable
     * @param thinking whether the model is to think in front of its answer; for templates that can be told
     * @param sparsityMode how answers are decoded
     * @param sparsityBudget in tokens attended per step, layer group and KV head
     */
    public record Chat(
            @Nullable Double temperature,
            @Nullable Integer topK,
            @Nullable Double topP,
            @Nullable Double minP,
            @Nullable Double repetitionPenalty,
            @Nullable Double frequencyPenalty,
            @Nullable Double presencePenalty,
            @Nullable Integer maxTokens,
            @Nullable Long seed,
            @Nullable Boolean thinking,
            @Nullable SparsityMode sparsityMode,
            @Nullable Integer sparsityBudget) {}

    /**
     * A memory that is one with sessions.
     *
     * @param enabled whether there is a {@code ChatMemoryStore}
     */
    public record Memory(@DefaultValue("false") boolean enabled) {}

    /** Without the key. */
    @Override
    public String toString() {
        return PREFIX + " " + mode + " " + baseUrl;
    }

    ServiceAddress address() {
        return new ServiceAddress(PREFIX, baseUrl, apiKey, connectTimeout, responseTimeout, silenceTimeout, maxRetries);
    }
}
