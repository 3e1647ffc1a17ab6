package dev.contexture.config;

import dev.contexture.engine.SelectionListener;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.model.store.ModelStore;
import dev.contexture.scheduler.SchedulerListener;
import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.scheduler.TrafficListener;
import dev.contexture.session.InferenceService;
import dev.contexture.session.TenantNamespaces;
import dev.contexture.session.dialect.CallListener;
import dev.contexture.session.dialect.DialectSettings;
import java.security.SecureRandom;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
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
    Doctor doctor(EngineProperties engine, DataProperties data) {
        Doctor doctor = new Doctor(engine, new ThisMachine(data.dataDir()));
        if (engine.provider() != EngineProperties.Provider.CPU) {
            log(doctor.diagnose());
        }
        return doctor;
    }

    static void log(Diagnosis diagnosis) {
        diagnosis.missing().forEach(finding -> LOG.info("Missing: {}: {}", finding.what(), finding.words()));
    }

    @Bean
    @DependsOn("doctor") // which says what is missing before anything is fetched
    ModelFiles modelFiles(ModelProperties properties, DataProperties data) throws InterruptedException {
        ModelStore.Settings settings = properties.toSettings(data.dataDir(), System.getenv());
        try (ModelStore store = ModelStore.open(settings, new DownloadLog(), new SystemPace())) {
            return store.fetch(properties.id());
        }
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
            ObjectProvider<SchedulerListener> steps,
            ObjectProvider<SelectionListener> selections,
            ObjectProvider<TrafficListener> traffic) {
        long begin = System.nanoTime();
        ModelHost.Settings settings = new ModelHost.Settings(data.dataDir(), engine, kv, split, sparsity, scheduler);
        ModelHost host = new ModelHost(
                files,
                settings,
                beyond,
                new ModelHost.Listeners(
                        steps.getIfAvailable(() -> SchedulerListener.NONE),
                        selections.getIfAvailable(() -> SelectionListener.NONE),
                        traffic.getIfAvailable(() -> TrafficListener.NONE)),
                System::nanoTime,
                new SecureRandom()::nextLong);
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
    HostedService hostedService(
            ModelFiles files,
            ModelHost host,
            ChatProperties chat,
            TenantNamespaces namespaces,
            ObjectProvider<CallListener> calls) {
        return new HostedService(
                files.id(),
                host,
                dialect(chat),
                namespaces,
                calls.getIfAvailable(() -> CallListener.NONE),
                Instant.now());
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
}
