package dev.contexture.provider.remote;

import dev.contexture.provider.ContextureException;
import dev.contexture.provider.ContextureException.Kind;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.adapter.JdkFlowAdapter;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Requests to one service. Cancelling a subscription closes its connection, which the service takes for a cancel. */
final class HttpTransport implements AutoCloseable {
    private static final int LONGEST_ERROR = 1 << 16;
    private static final int LONGEST_ANSWER = 64 << 20;

    private final RemoteSettings settings;
    private final HttpClient http;
    private final DoubleSupplier random;

    /**
     * @param random in [0, 1), spreads retries
     */
    HttpTransport(RemoteSettings settings, DoubleSupplier random) {
        this.settings = settings;
        this.random = random;
        this.http = HttpClient.newBuilder()
                // Cancelling closes a connection of HTTP/1.1, which the service notices at once; it speaks no other.
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(settings.connectTimeout())
                .build();
    }

    URI address(String path) {
        return settings.route(path);
    }

    /** An answer as a whole. */
    Mono<JsonNode> get(String path) {
        return whole(path, request(path).GET(), true);
    }

    /**
     * An answer as a whole.
     *
     * @param repeatable whether it may be done twice, as far as the service's state goes
     */
    Mono<JsonNode> post(String path, Object body, boolean repeatable) {
        return whole(path, sent("POST", path, body), repeatable);
    }

    /** An answer as a whole. */
    Mono<JsonNode> put(String path, Object body) {
        return whole(path, sent("PUT", path, body), true);
    }

    /** An answer as a whole. */
    Mono<JsonNode> delete(String path) {
        return whole(path, request(path).DELETE(), true);
    }

    private Mono<JsonNode> whole(String path, HttpRequest.Builder request, boolean repeatable) {
        URI address = address(path);
        HttpRequest limited = request.timeout(settings.responseTimeout()).build();
        return retried(
                        () -> bytes(limited, LONGEST_ANSWER, settings.responseTimeout())
                                .reduce(new ByteArrayOutputStream(), HttpTransport::append)
                                .map(bytes -> JsonMapper.shared().readTree(bytes.toByteArray()))
                                .onErrorMap(error -> RemoteFailures.ofTransport(address, error))
                                .flux(),
                        repeatable)
                .next();
    }

    /**
     * The data of events, not sent again.
     *
     * @param id of the request, for the service's log
     */
    Flux<String> events(String path, String id, Object body) {
        HttpRequest request = sent("POST", path, body)
                .header("Accept", "text/event-stream")
                .header("X-Request-Id", id)
                .build(); // without a limit of its own, which from JDK 26 on is the whole answer's
        return Flux.defer(() -> {
                    EventDecoder decoder = new EventDecoder();
                    return bytes(request, Long.MAX_VALUE, settings.silenceTimeout())
                            .concatMapIterable(decoder::take);
                })
                .onErrorMap(error -> RemoteFailures.ofTransport(request.uri(), error));
    }

    /**
     * The same, again where it failed before anything came.
     *
     * @param repeatable whether it may be done twice, as far as the service's state goes
     */
    <T> Flux<T> retried(Supplier<Flux<T>> attempt, boolean repeatable) {
        return retried(attempt, repeatable, 0);
    }

    private <T> Flux<T> retried(Supplier<Flux<T>> attempt, boolean repeatable, int failed) {
        return Flux.defer(() -> {
            AtomicBoolean begun = new AtomicBoolean();
            return attempt.get().doOnNext(any -> begun.set(true)).onErrorResume(ContextureException.class, failure -> {
                Optional<Duration> wait = begun.get()
                        ? Optional.empty()
                        : settings.retries().wait(failure, failed, repeatable, random.getAsDouble());
                return wait.map(pause -> Mono.delay(pause).thenMany(retried(attempt, repeatable, failed + 1)))
                        .orElseGet(() -> Flux.error(failure));
            });
        });
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request = HttpRequest.newBuilder(address(path));
        return settings.apiKey().isEmpty() ? request : request.header("Authorization", "Bearer " + settings.apiKey());
    }

    private HttpRequest.Builder sent(String method, String path, Object body) {
        return request(path)
                .header("Content-Type", "application/json")
                .method(method, BodyPublishers.ofByteArray(JsonMapper.shared().writeValueAsBytes(body)));
    }

    /**
     * @param most bytes of the answer
     * @param silence longest time between two pieces
     */
    private Flux<List<ByteBuffer>> bytes(HttpRequest request, long most, Duration silence) {
        return response(request)
                .timeout(silence)
                // One that comes when nobody waits for it any more would hold its connection.
                .doOnDiscard(HttpResponse.class, HttpTransport::drop)
                .flatMapMany(response -> response.statusCode() == 200
                        ? body(response, silence)
                                // Not slowed down by its reader, so that silence is the service's.
                                .onBackpressureBuffer()
                                .transform(body -> limited(body, most, request.uri()))
                        : refused(response, silence));
    }

    private Mono<HttpResponse<Flow.Publisher<List<ByteBuffer>>>> response(HttpRequest request) {
        return Mono.create(sink -> {
            var sent = http.sendAsync(request, BodyHandlers.ofPublisher());
            AtomicBoolean cancelled = new AtomicBoolean();
            sink.onCancel(() -> {
                cancelled.set(true);
                sent.cancel(true);
            });
            sent.whenComplete((response, error) -> {
                if (error == null) {
                    sink.success(response);
                } else if (!cancelled.get()) {
                    sink.error(error);
                }
            });
        });
    }

    private static Flux<List<ByteBuffer>> body(
            HttpResponse<Flow.Publisher<List<ByteBuffer>>> response, Duration silence) {
        return JdkFlowAdapter.flowPublisherToFlux(UntilCancelled.of(response.body()))
                .timeout(silence);
    }

    private static Flux<List<ByteBuffer>> limited(Flux<List<ByteBuffer>> body, long most, URI address) {
        return Flux.defer(() -> {
            long[] read = {0};
            return body.doOnNext(pieces -> {
                for (ByteBuffer piece : pieces) {
                    read[0] += piece.remaining();
                }
                if (read[0] > most) {
                    throw new ContextureException(
                            Kind.INTERNAL, "the answer of " + address + " has more than " + most + " bytes");
                }
            });
        });
    }

    private static Flux<List<ByteBuffer>> refused(
            HttpResponse<Flow.Publisher<List<ByteBuffer>>> response, Duration silence) {
        return Flux.defer(() -> {
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            return body(response, silence)
                    .doOnNext(pieces -> append(read, pieces))
                    .takeUntil(pieces -> read.size() > LONGEST_ERROR)
                    .thenMany(Flux.error(() -> RemoteFailures.ofStatus(
                            response.uri(),
                            response.statusCode(),
                            read.toString(StandardCharsets.UTF_8),
                            retryAfter(response))));
        });
    }

    private static ByteArrayOutputStream append(ByteArrayOutputStream bytes, List<ByteBuffer> pieces) {
        for (ByteBuffer piece : pieces) {
            byte[] copy = new byte[piece.remaining()];
            piece.get(copy);
            bytes.writeBytes(copy);
        }
        return bytes;
    }

    /** In seconds; dates are not sent by the service, and from others not waited for. */
    private static @Nullable Duration retryAfter(HttpResponse<?> response) {
        return response.headers()
                .firstValue("Retry-After")
                .filter(value -> value.matches("\\d{1,9}"))
                .map(value -> Duration.ofSeconds(Long.parseLong(value)))
                .orElse(null);
    }

    private static void drop(HttpResponse<?> response) {
        if (response.body() instanceof Flow.Publisher<?> body) {
            JdkFlowAdapter.flowPublisherToFlux(body).subscribe().dispose();
        }
    }

    /** Ends what runs. */
    @Override
    public void close() {
        http.shutdownNow();
    }
}
