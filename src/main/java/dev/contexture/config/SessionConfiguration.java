package dev.contexture.config;

import dev.contexture.metrics.SessionMetrics;
import dev.contexture.security.SecurityProperties;
import dev.contexture.session.SessionSealer;
import dev.contexture.session.SessionService;
import dev.contexture.session.TenantNamespaces;
import dev.contexture.session.store.InMemorySessionRecords;
import dev.contexture.session.store.SessionRecords;
import io.micrometer.core.instrument.MeterRegistry;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.HexFormat;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Schedulers;

/** Wires sessions. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(SessionProperties.class)
class SessionConfiguration {
    private static final int REPLICA_BYTES = 6;

    @Bean
    ServerKeys serverKeys(SecurityProperties security, DataProperties data) {
        return ServerKeys.of(security, data.dataDir(), new SecureRandom());
    }

    @Bean
    TenantNamespaces tenantNamespaces(ServerKeys keys) {
        return new TenantNamespaces(keys.tenantSecret());
    }

    @Bean
    SessionRecords sessionRecords(SessionProperties properties) {
        return new InMemorySessionRecords(properties.maxInMemory(), System::currentTimeMillis);
    }

    @Bean
    SessionMetrics sessionMetrics(MeterRegistry registry) {
        return new SessionMetrics(registry);
    }

    @Bean
    SessionService sessionService(
            HostedService hosted,
            ModelHost host,
            SessionRecords records,
            ServerKeys keys,
            TenantNamespaces namespaces,
            SessionProperties properties,
            SessionMetrics metrics) {
        SecureRandom random = new SecureRandom();
        byte[] replica = new byte[REPLICA_BYTES];
        random.nextBytes(replica);
        return new SessionService(
                new SessionService.Parts(
                        hosted.service(),
                        hosted.renderer(),
                        host.tokenizer(),
                        records,
                        false,
                        new SessionSealer(keys.tenantSecret(), random),
                        namespaces,
                        host.sessionKv(namespaces),
                        metrics,
                        HexFormat.of().formatHex(replica)),
                properties.settings(),
                InstantSource.system(),
                random,
                hosted.textThreads(),
                Schedulers.parallel());
    }
}
