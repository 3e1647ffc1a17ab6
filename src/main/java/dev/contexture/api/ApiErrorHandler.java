package dev.contexture.api;

import dev.contexture.metrics.Rejection;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.annotation.Order;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebExceptionHandler;
import reactor.core.publisher.Mono;

/** Answers every error of every route in OpenAI's shape, or Anthropic's where the route is. Comes before Spring's own handler. */
@Order(-10)
public final class ApiErrorHandler implements WebExceptionHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ApiErrorHandler.class);

    private final Consumer<Rejection> rejections;

    /**
     * @param rejections hears of each refusal
     */
    public ApiErrorHandler(Consumer<Rejection> rejections) {
        this.rejections = rejections;
    }

    @Override
    public Mono<Void> handle(ServerWebExchange exchange, Throwable error) {
        ServerHttpResponse response = exchange.getResponse();
        if (response.isCommitted()) {
            return Mono.error(error);
        }
        Problem problem = Problem.of(error);
        note(exchange, problem, error);
        response.setStatusCode(HttpStatusCode.valueOf(problem.status()));
        HttpHeaders headers = response.getHeaders();
        headers.setContentType(MediaType.APPLICATION_JSON);
        problem.retryAfter().ifPresent(wait -> headers.set(HttpHeaders.RETRY_AFTER, Long.toString(wait.toSeconds())));
        if (problem.status() == 401) {
            headers.set(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
        }
        DataBuffer body = response.bufferFactory().wrap(Json.write(body(exchange, problem)));
        return response.writeWith(Mono.just(body));
    }

    private static Object body(ServerWebExchange exchange, Problem problem) {
        return MessageErrors.areFor(exchange)
                ? MessageErrors.of(problem, RequestIdFilter.idOf(exchange))
                : problem.body();
    }

    /** An error that became an event of a running stream. */
    Problem inStream(ServerWebExchange exchange, Throwable error) {
        Problem problem = Problem.of(error);
        note(exchange, problem, error);
        return problem;
    }

    private void note(ServerWebExchange exchange, Problem problem, Throwable error) {
        problem.rejection().ifPresent(rejections);
        if (problem.status() == 500) {
            LOG.error(
                    "{} {} failed (request {})",
                    exchange.getRequest().getMethod(),
                    exchange.getRequest().getPath(),
                    RequestIdFilter.idOf(exchange),
                    error);
        }
    }
}
