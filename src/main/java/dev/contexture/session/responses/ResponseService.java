package dev.contexture.session.responses;

import dev.contexture.core.FinishReason;
import dev.contexture.scheduler.ShuttingDownException;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.InferenceService;
import dev.contexture.session.SessionSealer;
import dev.contexture.session.SessionService;
import dev.contexture.session.TenantNamespaces;
import dev.contexture.session.TurnOutcome;
import dev.contexture.session.responses.ResponseEvent.Ended;
import dev.contexture.session.responses.ResponseEvent.Failed;
import dev.contexture.session.responses.ResponseEvent.Started;
import dev.contexture.session.responses.ResponseListener.NotStored;
import dev.contexture.session.store.SessionRecords;
import dev.contexture.session.store.SessionStoreUnavailableException;
import dev.contexture.session.store.TenantLedger;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Responses: made, kept, asked for, cancelled and deleted. All of it belongs to the tenant that made it: another's ids are not found.
 * Errors: {@link ResponseNotFoundException} and those of sessions.
 */
public final class ResponseService {
    private static final Logger LOG = LoggerFactory.getLogger(ResponseService.class);
    /** A response whose prompt takes longer to be accepted is announced before: its end is then told within its events. */
    private static final Duration LATEST_START = Duration.ofMillis(500);

    private final ResponseGround ground;
    private final StoredResponses stored;
    private final ResponseListener listener;
    private final InstantSource clock;
    private final Supplier<String> ids;
    private final Scheduler timer;
    /** By id. As many as the queues of prompts and of the step loop let in. */
    private final Map<String, ResponseRun> running = new ConcurrentHashMap<>();

    /**
     * What a response service is made of.
     *
     * @param sessions those of callers
     * @param conversations those of responses
     */
    public record Parts(
            InferenceService inference,
            SessionService sessions,
            SessionService conversations,
            SessionRecords records,
            TenantLedger ledger,
            SessionSealer sealer,
            TenantNamespaces namespaces,
            ResponseListener listener) {}

    /**
     * @param ids 24 hexadecimal digits, never the same
     */
    public ResponseService(
            Parts parts, ResponseBounds bounds, InstantSource clock, Supplier<String> ids, Scheduler timer) {
        ResponseVault vault = new ResponseVault(parts.records, parts.ledger, parts.sealer, parts.namespaces, bounds);
        this.stored = new StoredResponses(vault, parts.conversations, parts.listener);
        this.ground = new ResponseGround(parts.inference, parts.sessions, parts.conversations, stored);
        this.listener = parts.listener;
        this.clock = clock;
        this.ids = ids;
        this.timer = timer;
    }

    /**
     * Makes a response; work begins on subscription, and ends within one step of its cancellation. An error comes before the
     * first event, or as {@link Failed}.
     *
     * @param teller says what an error means to the caller
     */
    public Flux<ResponseEvent> create(ResponseRequest request, Function<Throwable, ResponseError> teller) {
        return Flux.defer(() -> {
            ResponseRun run = new ResponseRun(request, "resp_" + ids.get(), ids, clock.instant());
            Flux<ResponseEvent> work = ground.events(run)
                    .map(run::take)
                    .takeUntilOther(run.cancelAsked())
                    .concatMapIterable(heard -> heard)
                    .concatWith(Mono.defer(() -> end(run)));
            return announced(run, work)
                    .onErrorResume(error -> run.hasStarted() ? failed(run, error, teller) : Mono.error(error))
                    .doFinally(signal -> closed(run))
                    // A slow reader holds up no cancellation: events wait here, as many as the token limit allows.
                    .onBackpressureBuffer();
        });
    }

    private void enter(ResponseRun run) {
        if (run.enter()) {
            running.put(run.id(), run);
            listener.began();
            if (run.isConcluded()) {
                running.remove(run.id()); // its client left between the two
            }
        }
    }

    /** Nothing is left of one whose client went away before its end. */
    private void closed(ResponseRun run) {
        if (!run.abandon()) {
            return;
        }
        running.remove(run.id());
        listener.left();
        run.left();
        // It may be part of its conversation by now, where nobody would find it.
        run.perhapsWritten()
                .ifPresent(conversation -> stored.abandon(run.request().tenant(), conversation, run.id())
                        .subscribe());
    }

    /** Puts the start before the first event, or before none if that is long in coming. */
    private Flux<ResponseEvent> announced(ResponseRun run, Flux<ResponseEvent> work) {
        Flux<Optional<ResponseEvent>> signals = work.map(Optional::of)
                .publish(shared -> Flux.merge(
                        shared,
                        Mono.delay(LATEST_START, timer)
                                .map(late -> Optional.<ResponseEvent>empty())
                                .takeUntilOther(shared.ignoreElements().onErrorComplete())));
        return signals.concatMapIterable(signal -> {
            List<ResponseEvent> events = new ArrayList<>();
            if (run.start()) {
                enter(run);
                events.add(new Started(run.inProgress()));
            }
            signal.ifPresent(events::add);
            return events;
        });
    }

    private Mono<ResponseEvent> end(ResponseRun run) {
        if (run.completed().isPresent() && run.reason() != FinishReason.CANCELLED) {
            return completed(run, run.completed().get());
        }
        if (run.isCancelled()) {
            return concluded(run, run.ended(ResponseStatus.CANCELLED, clock.instant(), Optional.empty()), true)
                    .map(response -> new Ended(response, Optional.empty()));
        }
        return Mono.error(new ShuttingDownException()); // nobody else cuts an answer off
    }

    private Mono<ResponseEvent> completed(ResponseRun run, Completed completed) {
        ResponseStatus status =
                run.reason() == FinishReason.LENGTH ? ResponseStatus.INCOMPLETE : ResponseStatus.COMPLETED;
        Response response = run.ended(status, clock.instant(), Optional.empty());
        boolean committed = response.session().isPresent()
                || completed.turn().map(TurnOutcome::committed).orElse(false);
        return concluded(run, response, committed).map(known -> new Ended(known, Optional.of(completed)));
    }

    private Mono<ResponseEvent> failed(ResponseRun run, Throwable error, Function<Throwable, ResponseError> teller) {
        ResponseError told = teller.apply(error);
        return concluded(run, run.ended(ResponseStatus.FAILED, clock.instant(), Optional.of(told)), true)
                .map(response -> new Failed(response, error));
    }

    /**
     * Keeps a response as it has ended, unless its client has left. Once begun this goes on without a client, too: half of it would be
     * text that nobody finds.
     *
     * @param keepable whether what it said is where it has to be
     */
    private Mono<Response> concluded(ResponseRun run, Response response, boolean keepable) {
        enter(run);
        if (!run.conclude()) {
            return Mono.empty();
        }
        Mono<Response> kept = keepable || !run.request().store()
                ? kept(run, response)
                : Mono.fromSupplier(() -> notKept(response, NotStored.STORE));
        return Mono.fromFuture(() -> kept.doOnNext(known -> ended(run, known)).toFuture(), true);
    }

    private void ended(ResponseRun run, Response response) {
        running.remove(run.id());
        listener.ended(response.status());
        run.ended(response);
    }

    /** The answer is given all the same where it cannot be kept, and says so. */
    private Mono<Response> kept(ResponseRun run, Response response) {
        if (!run.request().store()) {
            return Mono.just(response.unstored());
        }
        return stored.put(run.request().tenant(), response)
                .onErrorResume(error -> Mono.fromSupplier(() -> notKept(
                        response,
                        switch (error) {
                            case RecordTooLargeException tooLarge -> NotStored.TOO_LARGE;
                            case SessionStoreUnavailableException away -> NotStored.STORE;
                            default -> {
                                LOG.error("A response could not be kept", error);
                                yield NotStored.STORE;
                            }
                        })));
    }

    private Response notKept(Response response, NotStored why) {
        listener.notStored(why);
        return response.unstored();
    }

    private Optional<ResponseRun> running(String tenant, String id) {
        return Optional.ofNullable(running.get(id))
                .filter(run -> run.request().tenant().equals(tenant));
    }

    /** One that is kept, or being made by this process. */
    public Mono<Response> find(String tenant, String id) {
        return Mono.defer(() ->
                running(tenant, id).map(run -> Mono.just(run.inProgress())).orElseGet(() -> stored.find(tenant, id)));
    }

    /** Ends one that this process makes. Fails with {@link ResponseEndedException} if it has ended before. */
    public Mono<Response> cancel(String tenant, String id) {
        return Mono.defer(() -> running(tenant, id)
                .map(run -> run.cancel().switchIfEmpty(Mono.error(() -> new ResponseNotFoundException(id))))
                .orElseGet(() -> stored.find(tenant, id).flatMap(ResponseService::ended))
                .flatMap(response ->
                        response.status() == ResponseStatus.CANCELLED ? Mono.just(response) : ended(response)));
    }

    private static Mono<Response> ended(Response response) {
        return Mono.error(new ResponseEndedException(response));
    }

    /** Removes one, with the text that no other needs. Fails with {@link ResponseBusyException} while that is in use. */
    public Mono<Void> delete(String tenant, String id) {
        return Mono.defer(() -> running(tenant, id).isPresent()
                ? Mono.error(ResponseBusyException.running(id))
                : stored.delete(tenant, id));
    }

    /** Removes all of a tenant's; how many there were. */
    public Mono<Integer> eraseAll(String tenant) {
        return stored.eraseAll(tenant);
    }
}
