package dev.contexture.config;

import dev.contexture.security.SecurityProperties;
import dev.contexture.session.SessionSealer;
import dev.contexture.session.SessionService;
import dev.contexture.session.TenantNamespaces;
import dev.contexture.session.TurnListener;
import dev.contexture.session.store.RecordFamily;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.HexFormat;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Schedulers;

/** Wires sessions, over whatever keeps them. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({SessionProperties.class, SecurityProperties.class})
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
    SessionService sessionService(
            HostedService hosted,
            ModelHost host,
            Stores stores,
            RemoteStore remote,
            ServerKeys keys,
            TenantNamespaces namespaces,
            SessionProperties properties,
            ObjectProvider<TurnListener> turns) {
        SecureRandom random = new SecureRandom();
        byte[] replica = new byte[REPLICA_BYTES];
        random.nextBytes(replica);
        return new SessionService(
                new SessionService.Parts(
                        hosted.service(),
                        hosted.renderer(),
                        host.tokenizer(),
                        stores.records(RecordFamily.SESSION),
                        stores.outlivesProcess(),
                        new SessionSealer(keys.tenantSecret(), random),
                        namespaces,
                        host.sessionKv(namespaces, remote.salts()),
                        turns.getIfAvailable(() -> TurnListener.NONE),
                        HexFormat.of().formatHex(replica),
                        "ses"),
                properties.settings(),
                InstantSource.system(),
                random,
                hosted.textThreads(),
                Schedulers.parallel());
    }
}
