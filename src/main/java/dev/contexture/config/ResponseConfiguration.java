package dev.contexture.config;

import dev.contexture.metrics.ResponseMetrics;
import dev.contexture.session.SessionSealer;
import dev.contexture.session.SessionService;
import dev.contexture.session.SessionSettings;
import dev.contexture.session.TenantNamespaces;
import dev.contexture.session.TurnListener;
import dev.contexture.session.responses.ResponseBounds;
import dev.contexture.session.responses.ResponseService;
import dev.contexture.session.store.RecordFamily;
import io.micrometer.core.instrument.MeterRegistry;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.HexFormat;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Schedulers;

/** Wires responses: over the same stores as sessions, with conversations of their own. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ResponseProperties.class)
class ResponseConfiguration {
    private static final int ID_BYTES = 12;
    private static final int REPLICA_BYTES = 6;
    private static final String CONVERSATION_PREFIX = "cnv";

    @Bean
    ResponseMetrics responseMetrics(MeterRegistry registry) {
        return new ResponseMetrics(registry);
    }

    @Bean
    ResponseService responseService(
            HostedService hosted,
            ModelHost host,
            SessionService sessions,
            Stores stores,
            RemoteStore remote,
            ServerKeys keys,
            TenantNamespaces namespaces,
            SessionProperties sessionProperties,
            ResponseProperties properties,
            ResponseMetrics metrics) {
        SecureRandom random = new SecureRandom();
        SessionSealer sealer = new SessionSealer(keys.tenantSecret(), random);
        SessionSettings ofSessions = sessionProperties.settings();
        ResponseBounds bounds = properties.bounds(ofSessions.maxRecordBytes());
        SessionService conversations = new SessionService(
                new SessionService.Parts(
                        hosted.service(),
                        hosted.renderer(),
                        host.tokenizer(),
                        stores.records(RecordFamily.CONVERSATION),
                        stores.outlivesProcess(),
                        sealer,
                        namespaces,
                        host.sessionKv(namespaces, remote.salts()),
                        TurnListener.NONE,
                        hex(random, REPLICA_BYTES),
                        CONVERSATION_PREFIX),
                new SessionSettings(
                        properties.ttl(),
                        properties.ttl(),
                        ofSessions.lease(),
                        ofSessions.maxWait(),
                        ofSessions.maxRecordBytes()),
                InstantSource.system(),
                random,
                hosted.textThreads(),
                Schedulers.parallel());
        return new ResponseService(
                new ResponseService.Parts(
                        hosted.service(),
                        sessions,
                        conversations,
                        stores.records(RecordFamily.RESPONSE),
                        stores.responseLedger(),
                        sealer,
                        namespaces,
                        metrics),
                bounds,
                InstantSource.system(),
                () -> hex(random, ID_BYTES),
                Schedulers.parallel());
    }

    private static String hex(SecureRandom random, int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
