package dev.contexture.api;

import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Writes whole answers with the same JSON as streams. */
final class JsonResponse {
    private JsonResponse() {}

    static Mono<Void> write(ServerWebExchange exchange, Mono<?> body) {
        ServerHttpResponse response = exchange.getResponse();
        return body.flatMap(value -> {
            response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
            return response.writeWith(Mono.just(response.bufferFactory().wrap(Json.write(value))));
        });
    }
}
