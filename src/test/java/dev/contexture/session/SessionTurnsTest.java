package dev.contexture.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.FinishReason;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.SparsityOverrides;
import dev.contexture.core.SparsityUsage;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Drawn;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Usage;
import dev.contexture.session.TurnOptions.OnDisconnect;
import dev.contexture.session.dialect.WrittenPrompt;
import dev.contexture.session.store.InMemorySessionRecords;
import dev.contexture.session.store.SessionRecords;
import dev.contexture.session.store.SessionStoreUnavailableException;
import dev.contexture.testing.DyingSessionRecords;
import dev.contexture.testing.GeneratingService;
import dev.contexture.testing.LetterTokenizer;
import java.lang.reflect.Proxy;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;

/** A turn is part of its session as a whole, or not at all. */
class SessionTurnsTest {
    private static final String TENANT = "tenant";
    private static final SessionSettings SETTINGS = new SessionSettings(
            Duration.ofDays(1), Duration.ofDays(2), Duration.ofSeconds(15), Duration.ofSeconds(30), 100_000);

    private final LetterTokenizer tokenizer = new LetterTokenizer();
    private final AtomicLong millis = new AtomicLong(1_000_000);
    private final SessionRecords records = new InMemorySessionRecords(100, millis::get);
    private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
    private final List<GenerationRequest> asked = new ArrayList<>();
    private final List<TurnListener.TurnEnd> ends = new ArrayList<>();
    private final SessionService service = service(records, this::answer);

    private interface Answers {
        Flux<GenerationEvent> to(GenerationRequest request);
    }

    private SessionService service(SessionRecords store, Answers answers) {
        return new SessionService(
                new SessionService.Parts(
                        new GeneratingService() {
                            @Override
                            public Flux<GenerationEvent> generate(GenerationRequest request) {
                                asked.add(request);
                                return answers.to(request);
                            }
                        },
                        SessionTurnsTest::render,
                        tokenizer,
                        store,
                        true,
                        new SessionSealer(new byte[32], new SecureRandom()),
                        new TenantNamespaces(new byte[32]),
                        new NoStoredKv(tenant -> true),
                        new TurnListener() {
                            @Override
                            public void began() {}

                            @Override
                            public void ended(TurnEnd end) {
                                ends.add(end);
                            }
                        },
                        "replica",
                        "ses"),
                SETTINGS,
                InstantSource.system(),
                new SecureRandom(),
                Schedulers.immediate(),
                timer);
    }

    private static WrittenPrompt render(Prompt.Chat chat) {
        StringBuilder text = new StringBuilder();
        for (Map<String, Object> message : chat.messages()) {
            text.append("assistant".equals(message.get("role")) ? "<a>" : "<u>")
                    .append(message.get("content"))
                    .append("<e>");
        }
        return WrittenPrompt.plain(text.append("<a>").toString());
    }

    /** Echoes in tokens that the tokenizer would not choose. */
    private Flux<GenerationEvent> answer(GenerationRequest request) {
        return Flux.just(
                drawn("abab"),
                text("abab"),
                new Finished(0, FinishReason.STOP),
                new Completed(new Usage(1, 0, 4, SparsityUsage.NONE)));
    }

    private Drawn drawn(String text) {
        List<Integer> ids = Arrays.stream(tokenizer.singly(text)).boxed().toList();
        return new Drawn(0, text, ids);
    }

    private static Delta text(String text) {
        return new Delta(0, text, List.of());
    }

    private static GenerationRequest request(String... contents) {
        List<Map<String, Object>> messages = new ArrayList<>();
        for (String content : contents) {
            messages.add(Map.of("role", messages.size() % 2 == 0 ? "user" : "assistant", "content", content));
        }
        return new GenerationRequest(
                new Prompt.Chat(messages, Map.of()),
                OptionalInt.empty(),
                List.of(),
                1,
                SamplingParams.GREEDY,
                TENANT,
                "",
                SparsityOverrides.NONE);
    }

    private String create() {
        return service.sessions()
                .create(TENANT, new Sessions.Asked("model", Optional.empty(), Map.of(), Optional.empty()))
                .blockOptional()
                .orElseThrow()
                .id();
    }

    private Session find(String id) {
        return service.sessions().find(TENANT, id).blockOptional().orElseThrow();
    }

    private TurnOutcome turn(SessionService with, String id, String... contents) {
        return with.turn(id, request(contents), TurnOptions.DEFAULT)
                .ofType(Completed.class)
                .map(completed -> completed.turn().orElseThrow())
                .single()
                .blockOptional()
                .orElseThrow();
    }

    private int[] prompt(int turn) {
        return ((Prompt.Encoded) asked.get(turn).prompt()).tokens();
    }

    @Test
    void theNextPromptBeginsWithTheTokensOfBefore() {
        String id = create();
        TurnOutcome first = turn(service, id, "one");
        assertThat(first).isEqualTo(new TurnOutcome(id, 1, prompt(0).length + 4, 0, true, true));
        turn(service, id, "two");
        assertThat(prompt(1)).startsWith(prompt(0));
        assertThat(tokenizer.text(prompt(1))).isEqualTo("<u>one<e><a>abab<e><u>two<e><a>");
        assertThat(prompt(1)).startsWith(tokenizer.singly("<u>one<e><a>abab"));
        SessionUse use = asked.get(1).session().orElseThrow();
        assertThat(use.resumeTokens()).isEqualTo(first.tokens());
        TurnOutcome whole = turn(service, id, "one", "abab", "two", "abab", "three");
        assertThat(whole.matchedMessages()).isEqualTo(4);
        assertThat(find(id).turns()).isEqualTo(3);
        assertThat(find(id).messages()).hasSize(6);
    }

    @Test
    void anotherTenantsSessionIsNotFound() {
        String id = create();
        assertThatThrownBy(() -> service.sessions().find("another", id).block())
                .isInstanceOf(SessionNotFoundException.class);
        assertThatThrownBy(() -> service.sessions().find(TENANT, "ses_../x").block())
                .isInstanceOf(SessionNotFoundException.class);
        assertThatThrownBy(() -> turn(service, "ses_0123456789abcdef01234567", "x"))
                .isInstanceOf(SessionNotFoundException.class);
    }

    @Test
    void aForkGoesOnByItself() {
        String id = create();
        turn(service, id, "one");
        Session fork = service.sessions()
                .fork(TENANT, id, Map.of("branch", "b"))
                .blockOptional()
                .orElseThrow();
        assertThat(fork.lineage()).isEqualTo(find(id).lineage());
        turn(service, fork.id(), "two");
        assertThat(find(id).turns()).isEqualTo(1);
        assertThat(find(fork.id()).turns()).isEqualTo(2);
        assertThat(find(fork.id()).metadata()).containsEntry("branch", "b");
        service.sessions().delete(TENANT, id).block();
        assertThatThrownBy(() -> find(id)).isInstanceOf(SessionNotFoundException.class);
        assertThat(find(fork.id()).turns()).isEqualTo(2);
    }

    /** One runs; the other is refused, or waits if it may. */
    @Test
    void oneTurnAtATime() {
        String id = create();
        Sinks.Many<GenerationEvent> slow = Sinks.many().unicast().onBackpressureBuffer();
        SessionService busy = service(records, request -> slow.asFlux());
        List<GenerationEvent> first = new ArrayList<>();
        Disposable running = busy.turn(id, request("one"), TurnOptions.DEFAULT).subscribe(first::add);
        assertThatThrownBy(() -> turn(service, id, "two"))
                .isInstanceOfSatisfying(
                        SessionBusyException.class,
                        e -> assertThat(e.retryAfter()).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(15)));
        List<GenerationEvent> second = new ArrayList<>();
        Disposable waiting = service.turn(
                        id, request("two"), new TurnOptions(Duration.ofSeconds(20), OnDisconnect.ROLLBACK))
                .subscribe(second::add);
        timer.advanceTimeBy(Duration.ofSeconds(2));
        assertThat(second).isEmpty();
        answer(request("one")).subscribe(slow::tryEmitNext);
        slow.tryEmitComplete();
        timer.advanceTimeBy(Duration.ofSeconds(1));
        assertThat(second).hasSize(3);
        assertThat(find(id).messages())
                .extracting(SessionMessage::role)
                .containsExactly("user", "assistant", "user", "assistant");
        assertThat(running.isDisposed()).isTrue();
        assertThat(waiting.isDisposed()).isTrue();
    }

    @Test
    void theNextTurnMayBeginAsSoonAsTheLastIsComplete() {
        String id = create();
        service.turn(id, request("one"), TurnOptions.DEFAULT)
                .ofType(Completed.class)
                .doOnNext(completed -> turn(service, id, "two"))
                .blockLast();
        assertThat(find(id).turns()).isEqualTo(2);
    }

    /** Who reads nothing holds up nobody: the turn is written, and the session free for the next. */
    @Test
    void aSlowReaderDoesNotHoldTheSession() {
        String id = create();
        BaseSubscriber<GenerationEvent> slow = new BaseSubscriber<>() {
            @Override
            protected void hookOnSubscribe(Subscription subscription) {
                subscription.request(1);
            }
        };
        service.turn(id, request("one"), TurnOptions.DEFAULT).subscribe(slow);
        assertThat(find(id).turns()).isEqualTo(1);
        turn(service, id, "two");
        assertThat(find(id).turns()).isEqualTo(2);
    }

    @Test
    void whoLosesTheLeaseKeepsNothing() {
        String id = create();
        Sinks.Many<GenerationEvent> slow = Sinks.many().unicast().onBackpressureBuffer();
        List<Throwable> errors = new ArrayList<>();
        Disposable stale = service(records, request -> slow.asFlux())
                .turn(id, request("one"), TurnOptions.DEFAULT)
                .subscribe(event -> {}, errors::add);
        slow.tryEmitNext(drawn("half"));
        millis.addAndGet(20_000); // nobody renewed it in time
        turn(service, id, "two");
        timer.advanceTimeBy(Duration.ofSeconds(6));
        assertThat(errors).singleElement().isInstanceOf(SessionTakenOverException.class);
        assertThat(stale.isDisposed()).isTrue();
        assertThat(ends).contains(TurnListener.TurnEnd.TAKEN_OVER);
        assertThat(find(id).messages())
                .extracting(message -> message.fields().get("content"))
                .containsExactly("two", "abab");
    }

    /** The stale owner does not notice, and answers to the end: its write is refused all the same. */
    @Test
    void aStaleOwnersWriteIsRefused() {
        String id = create();
        SessionService stale = service(records, request -> {
            millis.addAndGet(20_000);
            turn(service, id, "two");
            return answer(request);
        });
        assertThatThrownBy(() -> turn(stale, id, "one")).isInstanceOf(SessionTakenOverException.class);
        assertThat(find(id).turns()).isEqualTo(1);
    }

    @Test
    void aClientThatGoesAwayLeavesNothingOrWhatItSaw() {
        for (OnDisconnect manner : OnDisconnect.values()) {
            String id = create();
            Sinks.Many<GenerationEvent> slow = Sinks.many().unicast().onBackpressureBuffer();
            Disposable client = service(records, request -> slow.asFlux())
                    .turn(id, request("one"), new TurnOptions(Duration.ZERO, manner))
                    .subscribe();
            slow.tryEmitNext(drawn("ab"));
            slow.tryEmitNext(new Drawn(0, "é", List.of(0xC3, 0xA9, 0xC3)));
            slow.tryEmitNext(text("abé"));
            client.dispose();
            Session session = find(id);
            if (manner == OnDisconnect.KEEP) {
                assertThat(session.messages().getLast().fields()).containsEntry("content", "abé");
                assertThat(tokenizer.text(session.tokens())).isEqualTo("<u>one<e><a>abé");
            } else {
                assertThat(session.turns()).isZero();
                assertThat(session.tokens()).isEmpty();
            }
            turn(service, id, "next"); // the lease was given back
        }
        assertThat(ends).contains(TurnListener.TurnEnd.KEPT, TurnListener.TurnEnd.ROLLED_BACK);
    }

    /** Calls of that name are made at once, and answered when the gate opens. */
    private SessionRecords late(String name, Sinks.Empty<Void> gate) {
        return (SessionRecords) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {SessionRecords.class}, (proxy, method, arguments) -> {
                    Mono<?> answer = (Mono<?>) method.invoke(records, arguments);
                    return method.getName().equals(name) ? answer.delayUntil(any -> gate.asMono()) : answer;
                });
    }

    @Test
    void aClientThatLeavesBeforeItsTurnBeginsLeavesNoLease() {
        for (String call : List.of("acquire", "find")) {
            String id = create();
            Sinks.Empty<Void> gate = Sinks.empty();
            Disposable client = service(late(call, gate), this::answer)
                    .turn(id, request("one"), TurnOptions.DEFAULT)
                    .subscribe();
            client.dispose();
            gate.tryEmitEmpty();
            turn(service, id, "two");
            assertThat(find(id).messages()).as(call).hasSize(2);
        }
        assertThat(ends).containsOnly(TurnListener.TurnEnd.COMMITTED);
    }

    @Test
    void anAnswerThatIsTooLargeIsGivenAndNotKept() {
        String id = create();
        SessionService talkative = service(
                records,
                request -> Flux.just(
                        drawn("ab".repeat(60_000)),
                        new Finished(0, FinishReason.STOP),
                        new Completed(new Usage(1, 0, 4, SparsityUsage.NONE))));
        assertThat(turn(talkative, id, "one").committed()).isFalse();
        assertThat(find(id).turns()).isZero();
        turn(service, id, "two");
    }

    @Test
    void aSessionHasNoOtherSalt() {
        GenerationRequest salted = new GenerationRequest(
                request("one").prompt(),
                OptionalInt.empty(),
                List.of(),
                1,
                SamplingParams.GREEDY,
                TENANT,
                "salt",
                SparsityOverrides.NONE);
        String id = create();
        assertThatThrownBy(() -> service.turn(id, salted, TurnOptions.DEFAULT).blockLast())
                .isInstanceOf(InvalidPromptException.class)
                .hasMessageContaining("cache_salt");
    }

    @Test
    void anErrorOfTheModelLeavesTheSessionAsItWas() {
        String id = create();
        SessionService failing = service(
                records,
                request -> Flux.concat(Flux.just(drawn("ab")), Flux.error(new IllegalStateException("model"))));
        assertThatThrownBy(() -> turn(failing, id, "one")).hasMessage("model");
        assertThat(find(id).turns()).isZero();
        turn(service, id, "one");
        assertThat(ends).containsExactly(TurnListener.TurnEnd.FAILED, TurnListener.TurnEnd.COMMITTED);
    }

    /** The process dies before or after each call of a turn: the session is at its last complete turn, or one further. */
    @Test
    void aCrashAtAnyStepLeavesTheLastCompleteTurn() {
        String id = create();
        turn(service, id, "one");
        int complete = 1;
        for (int call = 0; call < 12; call++) {
            for (boolean before : new boolean[] {true, false}) {
                DyingSessionRecords dying = new DyingSessionRecords(records, call, before);
                List<GenerationEvent> events = new ArrayList<>();
                service(dying, this::answer)
                        .turn(id, request("turn " + call + before), TurnOptions.DEFAULT)
                        .subscribe(events::add, e -> {});
                timer.advanceTimeBy(Duration.ofSeconds(1));
                boolean told = events.stream()
                        .anyMatch(event -> event instanceof Completed done
                                && done.turn().orElseThrow().committed());
                millis.addAndGet(20_000); // another replica takes over when the lease ends
                Session session = find(id);
                assertThat(session.turns())
                        .as("call %d, before %s", call, before)
                        .isIn(complete, complete + 1);
                if (told) {
                    assertThat(session.turns()).isEqualTo(complete + 1);
                }
                complete = session.turns();
                assertThat(session.messages()).hasSize(2 * complete);
                String text = tokenizer.text(session.tokens());
                assertThat(text).endsWith("<a>abab");
                assertThat(text.split("<u>", -1)).hasSize(complete + 1);
            }
        }
        assertThat(complete).isGreaterThan(3);
    }

    @Test
    void aStoreThatIsAwayIsSaidInTheAnswer() {
        String id = create();
        boolean[] away = {false};
        SessionRecords flaky =
                DyingSessionRecords.failing(records, () -> away[0], new SessionStoreUnavailableException("away", null));
        SessionService with = service(flaky, request -> {
            away[0] = true;
            return answer(request);
        });
        VirtualTimeScheduler.set(timer);
        try {
            List<GenerationEvent> events = new ArrayList<>();
            with.turn(id, request("one"), TurnOptions.DEFAULT).subscribe(events::add);
            timer.advanceTimeBy(Duration.ofSeconds(10));
            assertThat(events).hasSize(3);
            TurnOutcome outcome = ((Completed) events.getLast()).turn().orElseThrow();
            assertThat(outcome.committed()).isFalse();
            assertThat(outcome.persisted()).isFalse();
        } finally {
            VirtualTimeScheduler.reset();
        }
        assertThat(find(id).turns()).isZero();
        assertThat(ends).containsExactly(TurnListener.TurnEnd.NOT_WRITTEN);
    }

    @Test
    void aSessionThatIsTooLargeIsRefusedAndStaysAsItWas() {
        String id = create();
        assertThatThrownBy(() -> turn(service, id, "x".repeat(200_000)))
                .isInstanceOf(InvalidPromptException.class)
                .hasMessageContaining("max-record-size");
        assertThat(find(id).turns()).isZero();
    }
}
