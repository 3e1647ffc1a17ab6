package dev.contexture.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import reactor.core.publisher.Mono;

/** Where keys are read, and what counts where there are several. */
class ApiKeyFilterTest {
    private static final String ONE = "first-secret-key";
    private static final String OTHER = "second-secret-key";

    private final ApiKeyFilter filter = new ApiKeyFilter(new ApiKeys(List.of(ONE, OTHER)));

    /**
     * @param headers names and values
     */
    private String tenant(String... headers) {
        MockServerHttpRequest.BaseBuilder<?> request = MockServerHttpRequest.get("/v1/messages");
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        MockServerWebExchange exchange = MockServerWebExchange.from(request);
        filter.filter(exchange, passed -> Mono.empty()).block(Duration.ofSeconds(5));
        return Tenant.of(exchange);
    }

    @Test
    void bothHeadersNameTheSameTenant() {
        assertThat(tenant("authorization", "Bearer " + ONE)).isEqualTo(ApiKeys.tenant(ONE));
        assertThat(tenant("x-api-key", ONE)).isEqualTo(ApiKeys.tenant(ONE));
        assertThat(tenant("X-Api-Key", " " + OTHER + " ")).isEqualTo(ApiKeys.tenant(OTHER));
    }

    @Test
    void authorizationCountsIfItIsOfItsScheme() {
        assertThat(tenant("authorization", "Bearer " + ONE, "x-api-key", OTHER)).isEqualTo(ApiKeys.tenant(ONE));
        assertThat(tenant("authorization", "Basic eDp5", "x-api-key", OTHER)).isEqualTo(ApiKeys.tenant(OTHER));
        assertThatThrownBy(() -> tenant("authorization", "Bearer wrong-secret-key", "x-api-key", ONE))
                .isInstanceOf(NotAuthenticatedException.class)
                .hasMessageContaining("Incorrect");
    }

    @Test
    void noKeyOrAWrongOneIsRefused() {
        assertThatThrownBy(this::tenant)
                .isInstanceOf(NotAuthenticatedException.class)
                .hasMessageContaining("x-api-key");
        for (String wrong : List.of("wrong-secret-key", "", ONE + "x", ONE.substring(1))) {
            assertThatThrownBy(() -> tenant("x-api-key", wrong))
                    .as(wrong)
                    .isInstanceOf(NotAuthenticatedException.class)
                    .hasMessageNotContaining(ONE);
        }
    }
}
