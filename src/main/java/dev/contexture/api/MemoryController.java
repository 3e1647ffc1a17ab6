package dev.contexture.api;

import dev.contexture.security.Tenant;
import dev.contexture.session.Conversations;
import dev.contexture.session.SessionMessage;
import dev.contexture.session.SessionService;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.enums.ParameterIn;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
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

    @Operation(
            summary = "Lists the caller's conversations, by the ids of their sessions",
            parameters = {
                @Parameter(
                        name = "limit",
                        in = ParameterIn.QUERY,
                        description = "Sessions to look at: a page may have fewer conversations",
                        schema = @Schema(type = "integer", minimum = "1", maximum = "100", defaultValue = "20")),
                @Parameter(
                        name = "after",
                        in = ParameterIn.QUERY,
                        description = "The last_id of the page before",
                        schema = @Schema(type = "string"))
            },
            responses =
                    @ApiResponse(
                            responseCode = "200",
                            content = @Content(schema = @Schema(implementation = MemoryWire.Page.class))))
    @GetMapping
    Mono<Void> list(@Parameter(hidden = true) ServerWebExchange exchange) {
        return JsonResponse.write(
                exchange,
                conversations
                        .list(Tenant.of(exchange), Pages.after(exchange), Pages.limit(exchange))
                        .map(MemoryWire.Page::of));
    }

    @Operation(
            summary = "Tells what was said in a conversation; nothing of one that there is not",
            responses =
                    @ApiResponse(
                            responseCode = "200",
                            content = @Content(schema = @Schema(implementation = MemoryWire.Body.class))))
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
            requestBody = @RequestBody(content = @Content(schema = @Schema(implementation = MemoryWire.Written.class))),
            responses =
                    @ApiResponse(
                            responseCode = "200",
                            content = @Content(schema = @Schema(implementation = MemoryWire.Body.class))))
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

    @Operation(
            summary = "Forgets a conversation: its text, and what is stored of it alone",
            responses =
                    @ApiResponse(
                            responseCode = "200",
                            content = @Content(schema = @Schema(implementation = MemoryWire.Deleted.class))))
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
