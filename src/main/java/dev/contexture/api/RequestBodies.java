package dev.contexture.api;

import java.time.Duration;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpStatus;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Reads request bodies up to a bound. */
public final class RequestBodies {
    private final int maxBytes;
    private final Duration timeout;
    private final Scheduler timer;

    /**
     * @param timeout from the headers to the last byte
     */
    public RequestBodies(int maxBytes, Duration timeout, Scheduler timer) {
        this.maxBytes = maxBytes;
        this.timeout = timeout;
        this.timer = timer;
    }

    <T> Mono<T> read(ServerWebExchange exchange, Class<T> type) {
        if (exchange.getRequest().getHeaders().getContentLength() > maxBytes) {
            return Mono.error(new DataBufferLimitException("longer than " + maxBytes + " bytes"));
        }
        return DataBufferUtils.join(exchange.getRequest().getBody(), maxBytes)
                .timeout(timeout, Mono.error(RequestBodies::tooSlow), timer)
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

    private static ResponseStatusException tooSlow() {
        return new ResponseStatusException(
                HttpStatus.REQUEST_TIMEOUT, "The body did not arrive in time (contexture.api.body-timeout).");
    }

    private static byte[] bytes(DataBuffer buffer) {
        byte[] bytes = new byte[buffer.readableByteCount()];
        buffer.read(bytes);
        DataBufferUtils.release(buffer);
        return bytes;
    }
}
