package dev.contexture.api;

import dev.contexture.api.SessionWire.Created;
import dev.contexture.api.SessionWire.Forked;
import dev.contexture.security.Tenant;
import dev.contexture.session.InferenceService;
import dev.contexture.session.SessionService;
import dev.contexture.session.Sessions;
import dev.contexture.session.responses.ResponseService;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Sessions as resources; their turns are chat completions with a session id. */
@RestController
@RequestMapping("/v1/sessions")
public class SessionController {
    private final InferenceService service;
    private final Sessions sessions;
    private final ResponseService responses;
    private final RequestBodies bodies;

    public SessionController(
            InferenceService service, SessionService sessions, ResponseService responses, RequestBodies bodies) {
        this.service = service;
        this.sessions = sessions.sessions();
        this.responses = responses;
        this.bodies = bodies;
    }

    @Operation(
            summary = "Begins a session",
            requestBody = @RequestBody(content = @Content(schema = @Schema(implementation = Created.class))))
    @PostMapping(consumes = MediaType.APPLICATION_JSON_VALUE)
    Mono<Void> create(@Parameter(hidden = true) ServerWebExchange exchange) {
        return JsonResponse.write(exchange, bodies.read(exchange, Created.class).flatMap(body -> {
            ServedModel.require(body.model(), service);
            Sessions.Asked asked = new Sessions.Asked(
                    service.model().id(),
                    Optional.ofNullable(body.ttlSeconds()).map(SessionController::timeToLive),
                    metadata(body.metadata()),
                    Optional.ofNullable(body.system()));
            return checked(() -> sessions.create(Tenant.of(exchange), asked))
                    .map(session -> SessionWire.Body.of(session, Map.of()));
        }));
    }

    @Operation(summary = "Lists the caller's sessions, by id")
    @GetMapping
    Mono<Void> list(@Parameter(hidden = true) ServerWebExchange exchange) {
        return JsonResponse.write(
                exchange,
                sessions.list(Tenant.of(exchange), Pages.after(exchange), Pages.limit(exchange))
                        .map(SessionWire::page));
    }

    @Operation(summary = "Describes a session")
    @GetMapping("/{id}")
    Mono<Void> one(@PathVariable String id, @Parameter(hidden = true) ServerWebExchange exchange) {
        String tenant = Tenant.of(exchange);
        return JsonResponse.write(
                exchange,
                sessions.find(tenant, id).zipWhen(session -> sessions.usage(tenant, session), SessionWire.Body::of));
    }

    @Operation(summary = "Deletes a session: its text, and what is stored of it alone")
    @DeleteMapping("/{id}")
    Mono<Void> delete(@PathVariable String id, @Parameter(hidden = true) ServerWebExchange exchange) {
        return JsonResponse.write(
                exchange,
                sessions.delete(Tenant.of(exchange), id)
                        .thenReturn(new SessionWire.Deleted(id, "session.deleted", true)));
    }

    @Operation(
            summary =
                    "Deletes all of the caller's sessions and responses, and the key that everything stored of them is sealed under")
    @DeleteMapping
    Mono<Void> deleteAll(@Parameter(hidden = true) ServerWebExchange exchange) {
        return JsonResponse.write(
                exchange,
                responses
                        .eraseAll(Tenant.of(exchange))
                        .flatMap(count -> sessions.eraseAll(Tenant.of(exchange))
                                .map(erased -> SessionWire.AllDeleted.of(erased, count))));
    }

    @Operation(
            summary = "Copies a session as it is; both go on by themselves",
            requestBody = @RequestBody(content = @Content(schema = @Schema(implementation = Forked.class))))
    @PostMapping("/{id}/fork")
    Mono<Void> fork(@PathVariable String id, @Parameter(hidden = true) ServerWebExchange exchange) {
        Mono<Forked> body = exchange.getRequest().getHeaders().getContentLength() == 0
                        || exchange.getRequest().getHeaders().getContentType() == null
                ? Mono.just(new Forked(null))
                : bodies.read(exchange, Forked.class);
        return JsonResponse.write(
                exchange,
                body.flatMap(asked -> checked(() -> sessions.fork(Tenant.of(exchange), id, metadata(asked.metadata()))))
                        .map(session -> SessionWire.Body.of(session, Map.of())));
    }

    @Operation(summary = "Keeps a session's blocks in host memory")
    @PostMapping("/{id}/pin")
    Mono<Void> pin(@PathVariable String id, @Parameter(hidden = true) ServerWebExchange exchange) {
        return pin(exchange, id, true);
    }

    @Operation(summary = "Lets a session's blocks leave host memory again")
    @PostMapping("/{id}/unpin")
    Mono<Void> unpin(@PathVariable String id, @Parameter(hidden = true) ServerWebExchange exchange) {
        return pin(exchange, id, false);
    }

    private Mono<Void> pin(ServerWebExchange exchange, String id, boolean pinned) {
        return JsonResponse.write(
                exchange,
                sessions.pin(Tenant.of(exchange), id, pinned).map(session -> SessionWire.Body.of(session, Map.of())));
    }

    @Operation(summary = "Says where a session is cut into blocks, and where these are")
    @GetMapping("/{id}/blocks")
    Mono<Void> blocks(@PathVariable String id, @Parameter(hidden = true) ServerWebExchange exchange) {
        return JsonResponse.write(
                exchange, sessions.blocks(Tenant.of(exchange), id).map(SessionWire.Blocks::of));
    }

    private static Duration timeToLive(long seconds) {
        if (seconds < 1) {
            throw InvalidRequestException.badValue(
                    "ttl_seconds must be at least 1 but is " + seconds + ".", "ttl_seconds");
        }
        try {
            return Duration.ofSeconds(seconds);
        } catch (ArithmeticException e) {
            throw InvalidRequestException.badValue("ttl_seconds is out of range.", "ttl_seconds");
        }
    }

    private static Map<String, String> metadata(@Nullable Map<String, String> given) {
        if (given != null && given.containsValue(null)) {
            throw InvalidRequestException.badType("metadata", "an object of strings");
        }
        return given == null ? Map.of() : given;
    }

    /** What is out of bounds is the caller's to mend, and the message begins with the field. */
    private static <T> Mono<T> checked(Supplier<Mono<T>> call) {
        return Mono.defer(call).onErrorMap(IllegalArgumentException.class, e -> {
            String message = String.valueOf(e.getMessage());
            return InvalidRequestException.badValue(message + ".", message.substring(0, message.indexOf(' ')));
        });
    }
}
