package dev.contexture.api;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.Function;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Server-sent events as OpenAI's clients read them: {@code data: } and JSON, comments to keep the connection, an error as an
 * event of its own once the stream has begun, {@code [DONE]} at the end. Each event is flushed by itself.
 */
public final class EventStream {
    private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DONE = "data: [DONE]\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] PING = ": ping\n\n".getBytes(StandardCharsets.US_ASCII);

    private final Duration keepAlive;
    private final Scheduler timer;
    private final ApiErrorHandler errors;

    /**
     * @param timer ticks for the comments
     */
    public EventStream(Duration keepAlive, Scheduler timer, ApiErrorHandler errors) {
        this.keepAlive = keepAlive;
        this.timer = timer;
        this.errors = errors;
    }

    /**
     * Writes chunks until they end. An error before the first byte fails the exchange, so that it gets a status of its own.
     */
    Mono<Void> write(ServerWebExchange exchange, Flux<?> chunks) {
        return send(
                exchange,
                chunks.map(EventStream::event).concatWith(Mono.just(DONE)),
                PING,
                problem -> event(problem.body()));
    }

    /** An event that says its name in a line of its own. */
    record Named(String name, Object body) {}

    /** The same with named events, the last of which says that it is the end. */
    Mono<Void> writeNamed(ServerWebExchange exchange, Flux<Named> events) {
        return send(exchange, events.map(EventStream::event), PING, problem -> event(problem.body()));
    }

    /**
     * The same where all that is sent has a name.
     *
     * @param ping in the place of comments
     * @param error what a problem is once the stream has begun
     */
    Mono<Void> writeNamed(ServerWebExchange exchange, Flux<Named> events, Named ping, Function<Problem, Named> error) {
        return send(exchange, events.map(EventStream::event), event(ping), problem -> event(error.apply(problem)));
    }

    private Mono<Void> send(
            ServerWebExchange exchange, Flux<byte[]> eventBytes, byte[] ping, Function<Problem, byte[]> errorBytes) {
        ServerHttpResponse response = exchange.getResponse();
        response.getHeaders().setContentType(MediaType.TEXT_EVENT_STREAM);
        response.getHeaders().setCacheControl(CacheControl.noCache());
        response.getHeaders().set("X-Accel-Buffering", "no");
        DataBufferFactory buffers = response.bufferFactory();
        Flux<byte[]> events = withPings(eventBytes, ping);
        Flux<byte[]> complete = events.switchOnFirst((first, all) -> first.isOnError()
                ? all
                : all.onErrorResume(
                        error -> Mono.fromSupplier(() -> errorBytes.apply(errors.inStream(exchange, error)))));
        return response.writeAndFlushWith(complete.map(bytes -> Mono.just(buffers.wrap(bytes))));
    }

    private Flux<byte[]> withPings(Flux<byte[]> events, byte[] ping) {
        return events.publish(shared -> {
            Flux<byte[]> pings = Flux.interval(keepAlive, timer)
                    .onBackpressureDrop()
                    .map(tick -> ping)
                    .takeUntilOther(shared.ignoreElements());
            return Flux.merge(shared, pings);
        });
    }

    private static byte[] event(Object chunk) {
        return joined(DATA, Json.write(chunk), END);
    }

    private static byte[] event(Named event) {
        byte[] name = ("event: " + event.name + "\n").getBytes(StandardCharsets.US_ASCII);
        return joined(name, DATA, Json.write(event.body), END);
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            bytes.writeBytes(part);
        }
        return bytes.toByteArray();
    }
}
