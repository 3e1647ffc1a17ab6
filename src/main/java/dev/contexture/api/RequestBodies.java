package dev.contexture.api;

import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Reads request bodies up to a bound. */
public final class RequestBodies {
    private final int maxBytes;

    public RequestBodies(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    <T> Mono<T> read(ServerWebExchange exchange, Class<T> type) {
        if (exchange.getRequest().getHeaders().getContentLength() > maxBytes) {
            return Mono.error(new DataBufferLimitException("longer than " + maxBytes + " bytes"));
        }
        return DataBufferUtils.join(exchange.getRequest().getBody(), maxBytes)
                .map(RequestBodies::bytes)
                .defaultIfEmpty(new byte[0])
                .map(body -> {
                    if (body.length == 0) {
                        throw new InvalidRequestException(
                                "The body is empty; it must be a JSON object.", null, "invalid_json");
                    }
                    return Json.read(body, type);
                });
    }

    private static byte[] bytes(DataBuffer buffer) {
        byte[] bytes = new byte[buffer.readableByteCount()];
        buffer.read(bytes);
        DataBufferUtils.release(buffer);
        return bytes;
    }
}
