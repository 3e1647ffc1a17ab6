package dev.contexture.config;

import dev.contexture.metrics.AdmissionHealth;
import dev.contexture.metrics.ConstraintMetrics;
import dev.contexture.metrics.EngineMetrics;
import dev.contexture.metrics.SelectionMetrics;
import dev.contexture.metrics.StepLoopHealth;
import dev.contexture.metrics.TierHealth;
import dev.contexture.metrics.TierMetrics;
import dev.contexture.metrics.ToolMetrics;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.model.store.ModelStore;
import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.session.InferenceService;
import dev.contexture.session.TenantNamespaces;
import dev.contexture.session.dialect.DialectSettings;
import io.micrometer.core.instrument.MeterRegistry;
import java.security.SecureRandom;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.DependsOn;

/** Wires the engine: from the model's files to the one entry point. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({
    DataProperties.class,
    ModelProperties.class,
    EngineProperties.class,
    KvProperties.class,
    SplitProperties.class,
    SparsityProperties.class,
    SchedulerProperties.class,
    ChatProperties.class
})
class EngineConfiguration {
    private static final Logger LOG = LoggerFactory.getLogger(EngineConfiguration.class);

    @Bean
    @DependsOn("doctor") // which says what is missing before anything is fetched
    ModelFiles modelFiles(ModelProperties properties, DataProperties data) throws InterruptedException {
        try (ModelStore store =
                ModelStore.open(properties.toSettings(data.dataDir()), new DownloadLog(), new SystemPace())) {
            return store.fetch(properties.id());
        }
    }

    @Bean
    EngineMetrics engineMetrics(MeterRegistry registry, ModelFiles files) {
        return new EngineMetrics(registry, files.id());
    }

    @Bean
    SelectionMetrics selectionMetrics(MeterRegistry registry, ModelFiles files) {
        return new SelectionMetrics(registry, files.id());
    }

    @Bean
    TierMetrics tierMetrics(MeterRegistry registry, ModelFiles files) {
        return new TierMetrics(registry, files.id());
    }

    @Bean
    ModelHost modelHost(
            ModelFiles files,
            DataProperties data,
            EngineProperties engine,
            KvProperties kv,
            SplitProperties split,
            SparsityProperties sparsity,
            SchedulerProperties scheduler,
            RemoteStore beyond,
            EngineMetrics metrics,
            SelectionMetrics selectionMetrics,
            TierMetrics tierMetrics) {
        long begin = System.nanoTime();
        ModelHost.Settings settings = new ModelHost.Settings(data.dataDir(), engine, kv, split, sparsity, scheduler);
        ModelHost host = new ModelHost(
                files,
                settings,
                beyond,
                new ModelHost.Listeners(metrics, selectionMetrics, tierMetrics),
                System::nanoTime,
                new SecureRandom()::nextLong);
        metrics.bind(host.loop()::stats);
        host.tiers().ifPresent(tiers -> tierMetrics.bind(tiers::stats));
        LOG.info(
                "Serving {} ({} layers, {} tokens of context, {} KV pages, sparse decoding by {}) after {} ms",
                files.id(),
                host.config().layers(),
                host.loop().contextLength(),
                host.loop().stats().kv().totalPages(),
                host.selector(),
                (System.nanoTime() - begin) / 1_000_000);
        return host;
    }

    @Bean
    ToolMetrics toolMetrics(MeterRegistry registry) {
        return new ToolMetrics(registry);
    }

    @Bean
    HostedService hostedService(
            ModelFiles files,
            ModelHost host,
            ChatProperties chat,
            TenantNamespaces namespaces,
            ToolMetrics metrics,
            MeterRegistry registry) {
        HostedService hosted = new HostedService(files.id(), host, dialect(chat), namespaces, metrics, Instant.now());
        ConstraintMetrics.bind(registry, files.id(), hosted.constraints()::stats);
        return hosted;
    }

    private static DialectSettings dialect(ChatProperties chat) {
        try {
            return chat.settings();
        } catch (IllegalArgumentException e) {
            throw new InvalidSettingException(e);
        }
    }

    @Bean
    InferenceService inferenceService(HostedService hosted) {
        return hosted.service();
    }

    @Bean
    SchedulerLoop schedulerLoop(ModelHost host) {
        return host.loop();
    }

    @Bean
    DrainLifecycle drainLifecycle(ApplicationContext context, SchedulerLoop loop, SchedulerProperties scheduler) {
        return new DrainLifecycle(context, loop, scheduler.drainTimeout());
    }

    @Bean
    StepLoopHealth stepLoopHealthIndicator(SchedulerLoop loop) {
        return new StepLoopHealth(loop);
    }

    @Bean
    TierHealth tiersHealthIndicator(ModelHost host) {
        return new TierHealth(() -> host.tiers().map(Tiers::isBreached).orElse(false));
    }

    @Bean
    AdmissionHealth admissionHealthIndicator(SchedulerLoop loop) {
        return new AdmissionHealth(loop);
    }
}
