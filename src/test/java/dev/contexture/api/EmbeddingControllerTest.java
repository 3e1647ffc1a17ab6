package dev.contexture.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import reactor.core.scheduler.Schedulers;

class EmbeddingControllerTest {
    @Test
    void withoutAModelNothingIsEmbedded() {
        RequestBodies bodies = new RequestBodies(1000, Duration.ofSeconds(1), Schedulers.immediate());
        EmbeddingController controller = new EmbeddingController(Optional.empty(), bodies);
        MockServerWebExchange exchange = MockServerWebExchange.from(MockServerHttpRequest.post("/v1/embeddings"));
        Problem problem = Problem.of(catchThrowable(() -> controller.embed(exchange)));
        assertThat(problem.status()).isEqualTo(404);
        assertThat(problem.body())
                .isEqualTo(ErrorBody.of(
                        "This service has no embedding model (contexture.embedding.model is none).",
                        "invalid_request_error",
                        "model",
                        "model_not_found"));
    }
}
