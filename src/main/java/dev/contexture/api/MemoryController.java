package dev.contexture.api;

import dev.contexture.security.Tenant;
import dev.contexture.session.Conversations;
import dev.contexture.session.SessionMessage;
import dev.contexture.session.SessionService;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import java.util.List;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** What applications remember of conversations, under ids of their own. Every call may be repeated. */
@RestController
@RequestMapping("/v1/memory")
public class MemoryController {
    private final Conversations conversations;
    private final RequestBodies bodies;

    public MemoryController(SessionService sessions, RequestBodies bodies) {
        this.conversations = sessions.conversations();
        this.bodies = bodies;
    }

    @Operation(summary = "Lists the caller's conversations, by the ids of their sessions")
    @GetMapping
    Mono<Void> list(@Parameter(hidden = true) ServerWebExchange exchange) {
        return JsonResponse.write(
                exchange,
                conversations
                        .list(Tenant.of(exchange), Pages.after(exchange), Pages.limit(exchange))
                        .map(MemoryWire::page));
    }

    @Operation(summary = "Tells what was said in a conversation; nothing of one that there is not")
    @GetMapping("/{conversation}")
    Mono<Void> read(@PathVariable String conversation, @Parameter(hidden = true) ServerWebExchange exchange) {
        requireName(conversation);
        return JsonResponse.write(
                exchange,
                conversations
                        .messages(Tenant.of(exchange), conversation)
                        .map(messages -> MemoryWire.Body.of(conversation, messages)));
    }

    @Operation(
            summary = "Replaces all that was said in a conversation; waits for a turn that runs",
            requestBody = @RequestBody(content = @Content(schema = @Schema(implementation = MemoryWire.Written.class))))
    @PutMapping(path = "/{conversation}", consumes = MediaType.APPLICATION_JSON_VALUE)
    Mono<Void> write(@PathVariable String conversation, @Parameter(hidden = true) ServerWebExchange exchange) {
        requireName(conversation);
        return JsonResponse.write(
                exchange, bodies.read(exchange, MemoryWire.Written.class).flatMap(body -> {
                    List<SessionMessage> messages = ChatMessages.readAny(body.messages()).stream()
                            .map(SessionMessage::new)
                            .toList();
                    return conversations
                            .write(Tenant.of(exchange), conversation, messages)
                            .thenReturn(MemoryWire.Body.of(conversation));
                }));
    }

    @Operation(summary = "Forgets a conversation: its text, and what is stored of it alone")
    @DeleteMapping("/{conversation}")
    Mono<Void> delete(@PathVariable String conversation, @Parameter(hidden = true) ServerWebExchange exchange) {
        requireName(conversation);
        return JsonResponse.write(
                exchange,
                conversations
                        .delete(Tenant.of(exchange), conversation)
                        .thenReturn(MemoryWire.Deleted.of(conversation)));
    }

    private static void requireName(String conversation) {
        try {
            Conversations.requireName(conversation);
        } catch (IllegalArgumentException e) {
            throw SamplingReader.outOfRange(e);
        }
    }
}
