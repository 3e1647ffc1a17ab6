package dev.contexture.api;

import dev.contexture.security.Tenant;
import dev.contexture.session.InferenceService;
import dev.contexture.session.SessionService;
import dev.contexture.session.responses.Response;
import dev.contexture.session.responses.ResponseError;
import dev.contexture.session.responses.ResponseEvent;
import dev.contexture.session.responses.ResponseItem;
import dev.contexture.session.responses.ResponseRequest;
import dev.contexture.session.responses.ResponseService;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import java.util.List;
import java.util.Optional;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Responses: answers that are kept, and go on from one another. */
@RestController
@RequestMapping("/v1/responses")
public class ResponseController {
    private final InferenceService inference;
    private final ResponseService responses;
    private final RequestBodies bodies;
    private final ResponseRequests requests;
    private final EventStream streams;
    private final ApiErrorHandler errors;

    public ResponseController(
            InferenceService inference,
            ResponseService responses,
            SessionService sessions,
            RequestBodies bodies,
            ApiProperties bounds,
            Heads heads,
            EventStream streams,
            ApiErrorHandler errors) {
        this.inference = inference;
        this.responses = responses;
        this.bodies = bodies;
        this.requests = new ResponseRequests(bounds, heads::id, sessions.longestWait());
        this.streams = streams;
        this.errors = errors;
    }

    @Operation(
            summary = "Answers, and keeps the answer",
            requestBody = @RequestBody(content = @Content(schema = @Schema(implementation = ResponseBody.class))),
            responses =
                    @ApiResponse(
                            responseCode = "200",
                            description = "The response; with stream=true server-sent events",
                            content = {
                                @Content(
                                        mediaType = MediaType.APPLICATION_JSON_VALUE,
                                        schema = @Schema(implementation = ResponseWire.Body.class)),
                                @Content(mediaType = MediaType.TEXT_EVENT_STREAM_VALUE)
                            }))
    @PostMapping(consumes = MediaType.APPLICATION_JSON_VALUE)
    Mono<Void> create(@Parameter(hidden = true) ServerWebExchange exchange) {
        return bodies.read(exchange, ResponseBody.class).flatMap(body -> {
            ServedModel.require(body.model(), inference);
            ResponseRequest request = requests.toRequest(
                    body, inference.model().id(), SessionNames.of(exchange, body.sessionId()), Tenant.of(exchange));
            if (body.isStreamed()) {
                Flux<ResponseEvent> heard = responses.create(request, error -> told(errors.inStream(exchange, error)));
                return streams.writeNamed(
                        exchange, ResponseStream.events(heard, error -> errors.inStream(exchange, error)));
            }
            Flux<ResponseEvent> heard = responses.create(request, error -> told(Problem.of(error)));
            return JsonResponse.write(exchange, heard.last().map(ResponseController::whole));
        });
    }

    /** An error as a response's own words for it. */
    private static ResponseError told(Problem problem) {
        String code = switch (problem.status()) {
            case 429 -> "rate_limit_exceeded";
            case 500, 503 -> "server_error";
            default -> "invalid_prompt";
        };
        return new ResponseError(code, problem.body().error().message());
    }

    private static ResponseWire.Body whole(ResponseEvent end) {
        return switch (end) {
            case ResponseEvent.Ended ended -> ResponseWire.Body.of(ended.response(), ended.completed());
            case ResponseEvent.Failed failed -> throw Exceptions.propagate(failed.cause());
            default -> throw new IllegalStateException("a response has an end but not " + end);
        };
    }

    @Operation(summary = "Tells a response again")
    @GetMapping("/{id}")
    Mono<Void> one(@PathVariable String id, @Parameter(hidden = true) ServerWebExchange exchange) {
        String stream = Pages.parameter(exchange, "stream");
        if (stream != null && !stream.equals("false")) {
            throw InvalidRequestException.unsupported(
                    "A response is streamed while it is made, and told again as a whole: leave 'stream' out.",
                    "stream");
        }
        return JsonResponse.write(
                exchange, responses.find(Tenant.of(exchange), id).map(ResponseController::asItStands));
    }

    private static ResponseWire.Body asItStands(Response response) {
        return ResponseWire.Body.of(response, Optional.empty());
    }

    @Operation(summary = "Deletes a response, and the text that no other needs")
    @DeleteMapping("/{id}")
    Mono<Void> delete(@PathVariable String id, @Parameter(hidden = true) ServerWebExchange exchange) {
        return JsonResponse.write(
                exchange,
                responses.delete(Tenant.of(exchange), id).thenReturn(new ResponseWire.Deleted(id, "response", true)));
    }

    @Operation(summary = "Ends a response that is being made")
    @PostMapping("/{id}/cancel")
    Mono<Void> cancel(@PathVariable String id, @Parameter(hidden = true) ServerWebExchange exchange) {
        return JsonResponse.write(
                exchange, responses.cancel(Tenant.of(exchange), id).map(ResponseController::asItStands));
    }

    @Operation(summary = "Lists what a response was asked")
    @GetMapping("/{id}/input_items")
    Mono<Void> inputItems(@PathVariable String id, @Parameter(hidden = true) ServerWebExchange exchange) {
        int limit = Pages.limit(exchange);
        String order = Pages.parameter(exchange, "order");
        if (order != null && !order.equals("asc") && !order.equals("desc")) {
            throw InvalidRequestException.badValue("order must be asc or desc but is '" + order + "'.", "order");
        }
        String after = Pages.parameter(exchange, "after");
        return JsonResponse.write(
                exchange, responses.find(Tenant.of(exchange), id).map(response -> {
                    List<ResponseItem> items = "asc".equals(order)
                            ? response.input()
                            : response.input().reversed();
                    int begin = after == null ? 0 : behind(items, after);
                    int end = Math.min(items.size(), begin + limit);
                    return ResponseWire.Items.of(items.subList(begin, end), end < items.size());
                }));
    }

    private static int behind(List<ResponseItem> items, String id) {
        for (int i = 0; i < items.size(); i++) {
            if (items.get(i).id().equals(id)) {
                return i + 1;
            }
        }
        throw InvalidRequestException.badValue("after names no input item of this response: '" + id + "'.", "after");
    }
}
