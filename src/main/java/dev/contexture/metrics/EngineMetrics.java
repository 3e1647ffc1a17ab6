package dev.contexture.metrics;

import dev.contexture.core.FinishReason;
import dev.contexture.scheduler.CancelCause;
import dev.contexture.scheduler.SchedulerListener;
import dev.contexture.scheduler.SchedulerStats;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** What the step loop does, as Prometheus metrics whose stems are vLLM's. */
public final class EngineMetrics implements SchedulerListener {
    private static final String PREFIX = "contexture.";
    /** From prompts that are cached to very long ones that wait in a long queue. */
    private static final double[] TTFT_BUCKETS_SECONDS = {
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560
    };

    private static final double[] TOKEN_BUCKETS_SECONDS = {
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10, 40, 80
    };
    private static final double[] REQUEST_BUCKETS_SECONDS = {
        0.1, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680
    };
    private static final double[] LENGTH_BUCKETS = {
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000
    };
    private static final double[] STEP_BUCKETS = {1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384};

    private final Counter promptTokens;
    private final Counter cachedTokens;
    private final Counter generatedTokens;
    private final Counter preemptions;
    private final Counter recomputations;
    private final Counter failures;
    private final Timer queueTime;
    private final Timer firstToken;
    private final Timer nextToken;
    private final Timer prefillTime;
    private final Timer decodeTime;
    private final Timer requestTime;
    private final Timer stepTime;
    private final DistributionSummary promptLength;
    private final DistributionSummary outputLength;
    private final DistributionSummary stepTokens;
    private final Map<FinishReason, Counter> successes;
    private final Map<CancelCause, Counter> cancels;
    private final Map<Rejection, Counter> rejections;
    private final MeterRegistry registry;
    private final Tags tags;

    /**
     * @param modelName a label of every metric
     */
    public EngineMetrics(MeterRegistry registry, String modelName) {
        this.registry = registry;
        this.tags = Tags.of("model_name", modelName);
        promptTokens = counter("prompt.tokens", "Prompt tokens of admitted requests, cached ones included");
        cachedTokens = counter("prompt.tokens.cached", "Prompt tokens that were not computed again");
        generatedTokens = counter("generation.tokens", "Tokens generated");
        preemptions = counter("num.preemptions", "Sequences that gave their pages back to be computed again");
        recomputations = counter(
                "kv.lost.blocks", "Sequences that were computed again as stored blocks that they needed were gone");
        failures = counter("request.failures", "Sequences that ended by a failed step");
        queueTime = timer("request.queue.time", "From arrival to admission", REQUEST_BUCKETS_SECONDS);
        firstToken = timer("time.to.first.token", "From arrival to the first token", TTFT_BUCKETS_SECONDS);
        nextToken = timer("inter.token.latency", "Between two tokens of a sequence", TOKEN_BUCKETS_SECONDS);
        prefillTime = timer("request.prefill.time", "From admission to the first token", REQUEST_BUCKETS_SECONDS);
        decodeTime = timer("request.decode.time", "From the first token to the last", REQUEST_BUCKETS_SECONDS);
        requestTime = timer("e2e.request.latency", "From arrival to the end", REQUEST_BUCKETS_SECONDS);
        stepTime = timer("iteration.time", "One step of the engine", TOKEN_BUCKETS_SECONDS);
        promptLength = summary("request.prompt.tokens", "Prompt tokens per request", LENGTH_BUCKETS);
        outputLength = summary("request.generation.tokens", "Tokens generated per sequence", LENGTH_BUCKETS);
        stepTokens = summary("iteration.tokens", "Rows of one step", STEP_BUCKETS);
        successes = byTag(FinishReason.class, "request.success", "finished_reason", "Sequences that ended well");
        cancels = byTag(CancelCause.class, "request.cancels", "cause", "Sequences that were cancelled");
        rejections = byTag(Rejection.class, "admission.rejections", "cause", "Requests that were refused");
    }

    /** Follows what the loop says of itself; the last reading counts. */
    public void bind(Supplier<SchedulerStats> stats) {
        gauge("num.requests.running", "Sequences that take part in steps", stats, SchedulerStats::running);
        gauge("num.requests.waiting", "Sequences that wait for admission", stats, SchedulerStats::queuedRequests);
        gauge("num.tokens.waiting", "Prompt tokens that wait for admission", stats, SchedulerStats::queuedTokens);
        gauge("kv.cache.usage.perc", "Share of the KV pool's pages that sequences hold, 0 to 1", stats, s -> {
            int total = s.kv().totalPages();
            return total == 0 ? 0 : (double) s.kv().usedPages() / total;
        });
        gauge("kv.cache.pages", "Pages of the KV pool", stats, s -> s.kv().totalPages());
        gauge("kv.cache.free.pages", "Pages that hold nothing", stats, s -> s.kv().freePages());
        gauge("kv.cache.cached.pages", "Pages that hold only prefixes for reuse", stats, s -> s.kv().cachedPages());
        gauge("kv.cache.page.size.bytes", "Bytes of one page", stats, s -> s.kv().bytesPerPage());
        count(
                "prefix.cache.queries",
                "Prompt tokens looked up in the prefix cache",
                stats,
                s -> s.kv().prefixQueryTokens());
        count("prefix.cache.hits", "Of these, tokens found", stats, s -> s.kv().prefixHitTokens());
        count("prefix.cache.evictions", "Pages taken from the prefix cache", stats, s -> s.kv().evictions());
    }

    /** A request that was refused before it became a sequence. Safe for use by several threads. */
    public void rejected(Rejection cause) {
        increment(rejections, cause);
    }

    @Override
    public void admitted(int prompt, int cached, long queuedNanos) {
        promptTokens.increment(prompt);
        cachedTokens.increment(cached);
        promptLength.record(prompt);
        queueTime.record(queuedNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void firstToken(long sinceArrivalNanos, long prefillNanos) {
        generatedTokens.increment();
        firstToken.record(sinceArrivalNanos, TimeUnit.NANOSECONDS);
        prefillTime.record(prefillNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void nextToken(long sincePreviousNanos) {
        generatedTokens.increment();
        nextToken.record(sincePreviousNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void finished(FinishReason reason, int prompt, int output, long sinceArrivalNanos, long decodeNanos) {
        increment(successes, reason);
        outputLength.record(output);
        requestTime.record(sinceArrivalNanos, TimeUnit.NANOSECONDS);
        decodeTime.record(decodeNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void cancelled(CancelCause cause) {
        increment(cancels, cause);
    }

    @Override
    public void failed() {
        failures.increment();
    }

    @Override
    public void preempted() {
        preemptions.increment();
    }

    @Override
    public void lostBlocks() {
        recomputations.increment();
    }

    @Override
    public void step(int rows, long nanos) {
        stepTokens.record(rows);
        stepTime.record(nanos, TimeUnit.NANOSECONDS);
    }

    private Counter counter(String name, String description) {
        return Counter.builder(PREFIX + name)
                .description(description)
                .tags(tags)
                .register(registry);
    }

    private Timer timer(String name, String description, double[] bucketsSeconds) {
        Duration[] buckets = new Duration[bucketsSeconds.length];
        for (int i = 0; i < buckets.length; i++) {
            buckets[i] = Duration.ofNanos(Math.round(bucketsSeconds[i] * 1e9));
        }
        return Timer.builder(PREFIX + name)
                .description(description)
                .tags(tags)
                .serviceLevelObjectives(buckets)
                .register(registry);
    }

    private DistributionSummary summary(String name, String description, double[] buckets) {
        return DistributionSummary.builder(PREFIX + name)
                .description(description)
                .tags(tags)
                .serviceLevelObjectives(buckets)
                .register(registry);
    }

    private void gauge(
            String name, String description, Supplier<SchedulerStats> stats, ToDoubleFunction<SchedulerStats> value) {
        Gauge.builder(PREFIX + name, stats, s -> value.applyAsDouble(s.get()))
                .description(description)
                .tags(tags)
                .strongReference(true)
                .register(registry);
    }

    private void count(
            String name, String description, Supplier<SchedulerStats> stats, ToDoubleFunction<SchedulerStats> value) {
        FunctionCounter.builder(PREFIX + name, stats, s -> value.applyAsDouble(s.get()))
                .description(description)
                .tags(tags)
                .register(registry);
    }

    private <E extends Enum<E>> Map<E, Counter> byTag(Class<E> type, String name, String tag, String description) {
        Function<E, Counter> counterOf = value -> Counter.builder(PREFIX + name)
                .description(description)
                .tags(tags)
                .tag(tag, value.name().toLowerCase(Locale.ROOT))
                .register(registry);
        Map<E, Counter> counters = new EnumMap<>(type);
        for (E value : type.getEnumConstants()) {
            counters.put(value, counterOf.apply(value));
        }
        return counters;
    }

    private static <E extends Enum<E>> void increment(Map<E, Counter> counters, E value) {
        Counter counter = counters.get(value);
        if (counter != null) {
            counter.increment();
        }
    }
}
