package dev.contexture.config;

import dev.contexture.constrain.Constraints;
import dev.contexture.session.DefaultInferenceService;
import dev.contexture.session.InferenceService;
import dev.contexture.session.PromptRenderer;
import dev.contexture.session.TemplateRenderer;
import dev.contexture.session.TenantNamespaces;
import dev.contexture.session.TokenizerTokens;
import dev.contexture.session.dialect.CallListener;
import dev.contexture.session.dialect.Dialect;
import dev.contexture.session.dialect.DialectProbe;
import dev.contexture.session.dialect.DialectSettings;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** The entry point over a hosted model, with the threads that it uses. */
public final class HostedService implements AutoCloseable {
    /** Prompts that may wait to be rendered and tokenised, per thread. */
    private static final int TEXT_QUEUE = 32;

    private static final int CALL_ID_BYTES = 12;

    /** They work out which tokens come next; each running sequence has at most one task with them. */
    private static final int MOST_MASK_THREADS = 4;

    private final Scheduler textThreads;
    private final Scheduler eventThreads;
    private final ExecutorService maskThreads;
    private final PromptRenderer renderer;
    private final Constraints constraints;
    private final InferenceService service;

    /**
     * @param id the name that clients use
     * @param calls hears of calls of tools
     */
    public HostedService(
            String id,
            ModelHost host,
            DialectSettings settings,
            TenantNamespaces namespaces,
            CallListener calls,
            Instant created) {
        int processors = Runtime.getRuntime().availableProcessors();
        this.textThreads = Schedulers.newBoundedElastic(processors, TEXT_QUEUE, "text");
        this.eventThreads = Schedulers.newParallel("events", processors);
        this.maskThreads = Executors.newFixedThreadPool(
                Math.clamp(processors / 8, 1, MOST_MASK_THREADS),
                Thread.ofPlatform().name("masks-", 0).daemon(true).factory());
        Dialect dialect = DialectProbe.of(host.template(), settings);
        this.renderer = new TemplateRenderer(host.template(), dialect);
        this.constraints = new Constraints(
                new TokenizerTokens(host.tokenizer(), dialect.markers()), maskThreads, System::nanoTime);
        this.service = new DefaultInferenceService(
                host.tokenizer(),
                renderer,
                host.loop(),
                host.sparsity(),
                host.tierScopes(namespaces),
                new InferenceService.ModelDescription(
                        id,
                        host.loop().contextLength(),
                        created.getEpochSecond(),
                        host.fingerprint(),
                        new InferenceService.SparsityDescription(
                                host.sparsity().defaults(), host.sparsity().maxBudget(), host.selector())),
                callIds(),
                calls,
                constraints,
                textThreads,
                eventThreads);
    }

    private static Supplier<String> callIds() {
        SecureRandom random = new SecureRandom();
        return () -> {
            byte[] bytes = new byte[CALL_ID_BYTES];
            random.nextBytes(bytes);
            return HexFormat.of().formatHex(bytes);
        };
    }

    Constraints constraints() {
        return constraints;
    }

    PromptRenderer renderer() {
        return renderer;
    }

    Scheduler textThreads() {
        return textThreads;
    }

    public InferenceService service() {
        return service;
    }

    @Override
    public void close() {
        textThreads.dispose();
        eventThreads.dispose();
        maskThreads.shutdown();
    }
}
