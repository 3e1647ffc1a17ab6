package dev.contexture.provider.autoconfigure;

import dev.contexture.core.SparsityMode;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Contexture as a provider of Spring AI.
 *
 * @param mode {@code embedded}: the engine of this process, started where the application has none; {@code remote}: a service over HTTP; none:
 *     the application's engine if it has one
 * @param baseUrl of the service, such as {@code http://localhost:8080/v1}; remote only, and needed there
 * @param apiKey of the service; remote only
 * @param connectTimeout of a connection; remote only
 * @param responseTimeout of an answer that comes as a whole, such as vectors; remote only
 * @param silenceTimeout of a stream: longest time in which nothing comes, not even a comment; remote only
 * @param maxRetries times that a request is sent again that nothing came of yet, 0 to 10; remote only
 * @param chat what requests leave open
 * @param memory where {@code ChatMemory} keeps what was said
 */
@ConfigurationProperties(SpringAiContextureProperties.PREFIX)
public record SpringAiContextureProperties(
        @Nullable ProviderMode mode,
        @DefaultValue("") String baseUrl,
        @DefaultValue("") String apiKey,
        @DefaultValue("10s") Duration connectTimeout,
        @DefaultValue("5m") Duration responseTimeout,
        @DefaultValue("60s") Duration silenceTimeout,
        @DefaultValue("2") int maxRetries,
        @DefaultValue Chat chat,
        @DefaultValue Memory memory) {
    static final String PREFIX = "spring.ai.contexture";

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
     * @param enabled whether there is one; otherwise the application's own, or Spring AI's
     * @param redisUrl that the service keeps sessions in, for a memory that reads it without the service; remote only. Without it and the
     *     secret the memory goes over HTTP, to the service that the model asks
     * @param redisCluster whether the URL names a member of a cluster
     * @param redisCaFile PEM certificates that the server's is checked against
     * @param tenantSecret the service's {@code contexture.security.tenant-secret}; needed where {@code redis-url} is set. Who has it can
     *     read every tenant's conversations: for applications that are trusted as the service is
     * @param timeToLive of a conversation after its last use; with {@code redis-url} only, elsewhere it is
     *     {@code contexture.session.default-ttl}
     * @param maxRecordSize of a conversation's text and tokens, as the service's {@code contexture.session.max-record-size}; with
     *     {@code redis-url} only
     * @param maxWait for a turn that runs; with {@code redis-url} only
     */
    public record Memory(
            @DefaultValue("false") boolean enabled,
            @DefaultValue("") String redisUrl,
            @DefaultValue("false") boolean redisCluster,
            @Nullable Path redisCaFile,
            @DefaultValue("") String tenantSecret,
            @DefaultValue("7d") Duration timeToLive,
            @DefaultValue("4MB") DataSize maxRecordSize,
            @DefaultValue("30s") Duration maxWait) {
        /** Without secrets. */
        @Override
        public String toString() {
            return "memory " + (enabled ? "in sessions" : "elsewhere");
        }
    }

    /** Without the key. */
    @Override
    public String toString() {
        return PREFIX + " " + mode + " " + baseUrl;
    }

    ServiceAddress address() {
        return new ServiceAddress(PREFIX, baseUrl, apiKey, connectTimeout, responseTimeout, silenceTimeout, maxRetries);
    }
}
