package dev.contexture.config;

import dev.contexture.api.ApiErrorHandler;
import dev.contexture.api.ApiProperties;
import dev.contexture.api.EventStream;
import dev.contexture.api.Heads;
import dev.contexture.api.RequestBodies;
import dev.contexture.api.RequestIdFilter;
import dev.contexture.metrics.EngineMetrics;
import dev.contexture.security.ApiKeyFilter;
import dev.contexture.security.ApiKeys;
import dev.contexture.security.SecurityProperties;
import dev.contexture.session.InferenceService;
import io.swagger.v3.oas.annotations.OpenAPIDefinition;
import io.swagger.v3.oas.annotations.info.Info;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.function.Supplier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Schedulers;

/** Wires the HTTP side. */
@Configuration(proxyBeanMethods = false)
@OpenAPIDefinition(
        info =
                @Info(
                        title = "Contexture",
                        version = "v1",
                        description =
                                "Chat over long contexts, compatible with OpenAI and, at /v1/messages, with Anthropic."
                                        + " Errors have the shape of the route's."))
@EnableConfigurationProperties(ApiProperties.class)
class ApiConfiguration {
    private static final int ID_BYTES = 12;

    @Bean
    RequestIdFilter requestIdFilter() {
        return new RequestIdFilter(ids());
    }

    @Bean
    ApiKeyFilter apiKeyFilter(SecurityProperties properties) {
        return new ApiKeyFilter(new ApiKeys(properties.apiKeys()));
    }

    @Bean
    ApiErrorHandler apiErrorHandler(EngineMetrics metrics) {
        return new ApiErrorHandler(metrics::rejected);
    }

    @Bean
    RequestBodies requestBodies(ApiProperties properties) {
        return new RequestBodies(
                (int) properties.maxBodySize().toBytes(), properties.bodyTimeout(), Schedulers.parallel());
    }

    @Bean
    Heads heads(InferenceService service) {
        return new Heads(service, InstantSource.system(), ids());
    }

    @Bean
    EventStream eventStream(ApiProperties properties, ApiErrorHandler errors) {
        return new EventStream(properties.keepAlive(), Schedulers.parallel(), errors);
    }

    private static Supplier<String> ids() {
        SecureRandom random = new SecureRandom();
        return () -> {
            byte[] bytes = new byte[ID_BYTES];
            random.nextBytes(bytes);
            return HexFormat.of().formatHex(bytes);
        };
    }
}
