package dev.contexture.session.responses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.FinishReason;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.SparsityOverrides;
import dev.contexture.core.SparsityUsage;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Usage;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.InferenceService;
import dev.contexture.session.InvalidPromptException;
import dev.contexture.session.NoStoredKv;
import dev.contexture.session.Prompt;
import dev.contexture.session.SessionSealer;
import dev.contexture.session.SessionService;
import dev.contexture.session.SessionSettings;
import dev.contexture.session.Sessions;
import dev.contexture.session.TenantNamespaces;
import dev.contexture.session.TurnListener;
import dev.contexture.session.TurnOptions;
import dev.contexture.session.responses.ResponseEvent.Ended;
import dev.contexture.session.responses.ResponseEvent.Failed;
import dev.contexture.session.responses.ResponseEvent.Started;
import dev.contexture.session.responses.ResponseEvent.Text;
import dev.contexture.session.responses.ResponseItem.Message;
import dev.contexture.session.responses.ResponseItem.Role;
import dev.contexture.session.store.InMemorySessionRecords;
import dev.contexture.session.store.InMemoryTenantLedger;
import dev.contexture.session.store.SessionRecords;
import dev.contexture.testing.LetterTokenizer;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;

/** Responses go on from one another, and are kept, cancelled and removed as a whole. */
class ResponseServiceTest {
    private static final String TENANT = "tenant";
    private static final Duration TTL = Duration.ofDays(30);

    private final LetterTokenizer tokenizer = new LetterTokenizer();
    private final AtomicLong millis = new AtomicLong(1_000_000);
    private final SessionRecords conversationRecords = new InMemorySessionRecords(100, millis::get);
    private final SessionRecords responseRecords = new InMemorySessionRecords(100, millis::get);
    private final TenantNamespaces namespaces = new TenantNamespaces(new byte[32]);
    private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
    private final AtomicInteger ids = new AtomicInteger();
    private final List<String> asked = new ArrayList<>();
    private final List<String> heard = new ArrayList<>();
    private final SessionService sessions = sessions(new InMemorySessionRecords(10, millis::get), "ses");
    private final SessionService conversations = sessions(conversationRecords, "cnv");
    private Flux<GenerationEvent> answer = answer("abab", FinishReason.STOP);
    private final ResponseService service = service(10, 1_000_000);

    private final class Inference implements InferenceService {
        @Override
        public Flux<GenerationEvent> generate(GenerationRequest request) {
            asked.add(
                    switch (request.prompt()) {
                        case Prompt.Encoded encoded -> tokenizer.text(encoded.tokens());
                        case Prompt.Chat chat -> render(chat);
                        case Prompt.Text text -> throw new IllegalStateException();
                        case Prompt.Tokens tokens -> throw new IllegalStateException();
                    });
            return answer;
        }

        @Override
        public Mono<int[]> tokenize(Prompt prompt) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Mono<String> detokenize(List<Integer> tokenIds) {
            throw new UnsupportedOperationException();
        }

        @Override
        public ModelDescription model() {
            throw new UnsupportedOperationException();
        }
    }

    private final class Listener implements ResponseListener {
        @Override
        public void began() {
            heard.add("began");
        }

        @Override
        public void ended(ResponseStatus status) {
            heard.add(status.toString());
        }

        @Override
        public void left() {
            heard.add("left");
        }

        @Override
        public void notStored(NotStored why) {
            heard.add("not stored: " + why);
        }

        @Override
        public void evicted() {
            heard.add("evicted");
        }
    }

    private SessionService sessions(SessionRecords records, String prefix) {
        return new SessionService(
                new SessionService.Parts(
                        new Inference(),
                        ResponseServiceTest::render,
                        tokenizer,
                        records,
                        true,
                        new SessionSealer(new byte[32], new SecureRandom()),
                        namespaces,
                        new NoStoredKv(tenant -> true),
                        TurnListener.NONE,
                        "replica",
                        prefix),
                new SessionSettings(TTL, TTL, Duration.ofSeconds(15), Duration.ZERO, 20_000),
                InstantSource.system(),
                new SecureRandom(),
                Schedulers.immediate(),
                timer);
    }

    private ResponseService service(int most, long mostBytes) {
        return new ResponseService(
                new ResponseService.Parts(
                        new Inference(),
                        sessions,
                        conversations,
                        responseRecords,
                        new InMemoryTenantLedger(millis::get),
                        new SessionSealer(new byte[32], new SecureRandom()),
                        namespaces,
                        new Listener()),
                new ResponseBounds(TTL, most, mostBytes, 20_000),
                InstantSource.system(),
                () -> "%024x".formatted(ids.incrementAndGet()),
                timer);
    }

    private static String render(Prompt.Chat chat) {
        StringBuilder text = new StringBuilder();
        for (Map<String, Object> message : chat.messages()) {
            text.append("assistant".equals(message.get("role")) ? "<a>" : "<u>")
                    .append("system".equals(message.get("role")) ? "!" : "")
                    .append(message.get("content"))
                    .append("<e>");
        }
        return text.append("<a>").toString();
    }

    private Flux<GenerationEvent> answer(String text, FinishReason reason) {
        return Flux.just(
                delta(text),
                new Finished(0, reason, List.of()),
                new Completed(new Usage(7, 2, text.length(), SparsityUsage.NONE)));
    }

    private Delta delta(String text) {
        List<Integer> tokens = Arrays.stream(tokenizer.singly(text)).boxed().toList();
        return new Delta(0, text, List.of(), tokens);
    }

    private static ResponseRequest request(
            String text,
            Optional<String> instructions,
            boolean store,
            Optional<String> previous,
            Optional<String> session) {
        List<ResponseItem> input = List.of(new Message("msg_in", Role.USER, List.of(text), true));
        return new ResponseRequest(
                "model",
                input,
                new ResponseSettings(
                        instructions,
                        1,
                        1,
                        Optional.empty(),
                        Map.of(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()),
                store,
                previous,
                session,
                TurnOptions.DEFAULT,
                new GenerationRequest(
                        new Prompt.Chat(List.of(Map.of("role", "user", "content", text)), List.of(), Map.of()),
                        OptionalInt.empty(),
                        List.of(),
                        1,
                        SamplingParams.GREEDY,
                        TENANT,
                        "",
                        SparsityOverrides.NONE));
    }

    private static ResponseError told(Throwable error) {
        return new ResponseError("server_error", String.valueOf(error.getMessage()));
    }

    private List<ResponseEvent> events(ResponseService with, ResponseRequest request) {
        return with.create(request, ResponseServiceTest::told)
                .collectList()
                .blockOptional()
                .orElseThrow();
    }

    private Response made(ResponseRequest request) {
        return made(service, request);
    }

    private Response made(ResponseService with, ResponseRequest request) {
        return ((Ended) events(with, request).getLast()).response();
    }

    private static ResponseRequest first(String text) {
        return request(text, Optional.empty(), true, Optional.empty(), Optional.empty());
    }

    private static ResponseRequest next(String text, Response previous) {
        return request(text, Optional.empty(), true, Optional.of(previous.id()), Optional.empty());
    }

    private Response find(String id) {
        return service.find(TENANT, id).blockOptional().orElseThrow();
    }

    private int conversationCount() {
        return conversationRecords
                .list(namespaces.of(TENANT), "", 100)
                .blockOptional()
                .orElseThrow()
                .size();
    }

    private String lastAsked() {
        return asked.getLast();
    }

    @Test
    void eventsComeInOrderAndTheResponseIsKept() {
        List<ResponseEvent> events = events(service, first("one"));
        assertThat(events).hasSize(3);
        assertThat(events.getFirst())
                .isInstanceOfSatisfying(
                        Started.class,
                        started -> assertThat(started.response().status()).isEqualTo(ResponseStatus.IN_PROGRESS));
        assertThat(events.get(1)).isEqualTo(new Text("abab"));
        Response response = ((Ended) events.getLast()).response();
        assertThat(response.status()).isEqualTo(ResponseStatus.COMPLETED);
        assertThat(response.stored()).isTrue();
        assertThat(response.usage()).contains(new Response.TokenCounts(7, 2, 4));
        assertThat(response.output()).singleElement().isInstanceOfSatisfying(Message.class, message -> {
            assertThat(message.texts()).containsExactly("abab");
            assertThat(message.id()).isEqualTo(((Started) events.getFirst()).messageId());
        });
        assertThat(find(response.id())).isEqualTo(response);
        assertThat(heard).containsExactly("began", "COMPLETED");
    }

    @Test
    void whatReachedItsLimitIsIncompleteAndGoesOn() {
        answer = answer("ab", FinishReason.LENGTH);
        Response cut = made(first("one"));
        assertThat(cut.status()).isEqualTo(ResponseStatus.INCOMPLETE);
        assertThat(((Message) cut.output().getFirst()).whole()).isFalse();
        made(next("two", cut));
        assertThat(lastAsked()).isEqualTo("<u>one<e><a>ab<e><u>two<e><a>");
    }

    @Test
    void aChainIsOneConversation() {
        Response first = made(first("one"));
        Response second = made(next("two", first));
        Response third = made(next("three", second));
        assertThat(lastAsked()).isEqualTo("<u>one<e><a>abab<e><u>two<e><a>abab<e><u>three<e><a>");
        assertThat(third.conversation().orElseThrow().id())
                .isEqualTo(first.conversation().orElseThrow().id());
        assertThat(conversationCount()).isEqualTo(1);
        assertThat(third.input()).hasSize(1);
        assertThat(third.previous()).contains(second.id());
    }

    @Test
    void whoGoesOnFromAnEarlierOneForks() {
        Response first = made(first("one"));
        Response second = made(next("two", first));
        Response other = made(next("other", first));
        assertThat(lastAsked()).isEqualTo("<u>one<e><a>abab<e><u>other<e><a>");
        assertThat(other.conversation().orElseThrow().id())
                .isNotEqualTo(second.conversation().orElseThrow().id());
        made(next("three", second));
        assertThat(lastAsked()).isEqualTo("<u>one<e><a>abab<e><u>two<e><a>abab<e><u>three<e><a>");
        made(next("four", other));
        assertThat(lastAsked()).isEqualTo("<u>one<e><a>abab<e><u>other<e><a>abab<e><u>four<e><a>");
        assertThat(conversationCount()).isEqualTo(2);
    }

    /** Neither waits for the other, and neither is refused. */
    @Test
    void twoThatGoOnFromOneAtATimeAreBothAnswered() {
        Response first = made(first("one"));
        Sinks.Many<GenerationEvent> slow = Sinks.many().unicast().onBackpressureBuffer();
        answer = slow.asFlux();
        List<ResponseEvent> late = new ArrayList<>();
        Disposable running =
                service.create(next("slow", first), ResponseServiceTest::told).subscribe(late::add);
        answer = answer("abab", FinishReason.STOP);
        Response quick = made(next("quick", first));
        answer("aa", FinishReason.STOP).subscribe(slow::tryEmitNext);
        slow.tryEmitComplete();
        assertThat(running.isDisposed()).isTrue();
        Response slowOne = ((Ended) late.getLast()).response();
        assertThat(slowOne.conversation().orElseThrow().id())
                .isNotEqualTo(quick.conversation().orElseThrow().id());
        made(next("more", slowOne));
        assertThat(lastAsked()).isEqualTo("<u>one<e><a>abab<e><u>slow<e><a>aa<e><u>more<e><a>");
    }

    @Test
    void instructionsDoNotCarryOver() {
        Response first = made(request("one", Optional.of("brief"), true, Optional.empty(), Optional.empty()));
        assertThat(lastAsked()).isEqualTo("<u>!brief<e><u>one<e><a>");
        Response second = made(next("two", first));
        assertThat(lastAsked()).isEqualTo("<u>one<e><a>abab<e><u>two<e><a>");
        made(request("three", Optional.of("loud"), true, Optional.of(second.id()), Optional.empty()));
        assertThat(lastAsked()).isEqualTo("<u>!loud<e><u>one<e><a>abab<e><u>two<e><a>abab<e><u>three<e><a>");
        made(next("other", first));
        assertThat(lastAsked()).isEqualTo("<u>one<e><a>abab<e><u>other<e><a>");
    }

    @Test
    void whatIsNotStoredLeavesNothing() {
        Response alone = made(request("one", Optional.of("brief"), false, Optional.empty(), Optional.empty()));
        assertThat(lastAsked()).isEqualTo("<u>!brief<e><u>one<e><a>");
        assertThat(alone.stored()).isFalse();
        assertThatThrownBy(() -> find(alone.id())).isInstanceOf(ResponseNotFoundException.class);
        assertThatThrownBy(() -> made(next("two", alone)))
                .isInstanceOfSatisfying(
                        PreviousResponseException.class,
                        e -> assertThat(e.code()).isEqualTo("previous_response_not_found"));
        assertThat(conversationCount()).isZero();

        Response first = made(first("one"));
        Response aside = made(request("aside", Optional.empty(), false, Optional.of(first.id()), Optional.empty()));
        assertThat(lastAsked()).isEqualTo("<u>one<e><a>abab<e><u>aside<e><a>");
        assertThat(aside.stored()).isFalse();
        made(next("two", first));
        assertThat(lastAsked()).isEqualTo("<u>one<e><a>abab<e><u>two<e><a>");
        assertThat(conversationCount()).isEqualTo(1);
        assertThat(heard).doesNotContain("not stored: STORE");
    }

    @Test
    void anotherTenantsResponseIsNotFound() {
        Response first = made(first("one"));
        for (String id : List.of(first.id(), "resp_../x", "resp_ffffffffffffffffffffffff")) {
            assertThatThrownBy(() -> service.find("another", id).block()).isInstanceOf(ResponseNotFoundException.class);
            assertThatThrownBy(() -> service.delete("another", id).block())
                    .isInstanceOf(ResponseNotFoundException.class);
            assertThatThrownBy(() -> service.cancel("another", id).block())
                    .isInstanceOf(ResponseNotFoundException.class);
        }
        assertThat(find(first.id())).isEqualTo(first);
    }

    @Test
    void aRunningOneIsToldAndCancelled() {
        Sinks.Many<GenerationEvent> slow = Sinks.many().unicast().onBackpressureBuffer();
        List<String> signals = new ArrayList<>();
        answer = slow.asFlux().doOnCancel(() -> signals.add("cancelled"));
        List<ResponseEvent> events = new ArrayList<>();
        Disposable running =
                service.create(first("one"), ResponseServiceTest::told).subscribe(events::add);
        slow.tryEmitNext(delta("ab"));
        String id = ((Started) events.getFirst()).response().id();
        assertThat(find(id).status()).isEqualTo(ResponseStatus.IN_PROGRESS);
        assertThatThrownBy(() -> service.cancel("another", id).block()).isInstanceOf(ResponseNotFoundException.class);
        assertThatThrownBy(() -> service.delete(TENANT, id).block()).isInstanceOf(ResponseBusyException.class);
        Response cancelled = service.cancel(TENANT, id).blockOptional().orElseThrow();
        assertThat(signals).containsExactly("cancelled");
        assertThat(running.isDisposed()).isTrue();
        assertThat(cancelled.status()).isEqualTo(ResponseStatus.CANCELLED);
        assertThat(((Message) cancelled.output().getFirst()).texts()).containsExactly("ab");
        assertThat(((Ended) events.getLast()).response()).isEqualTo(cancelled);
        assertThat(find(id)).isEqualTo(cancelled);
        assertThatThrownBy(() -> service.cancel(TENANT, id).block()).isInstanceOf(ResponseEndedException.class);
        answer = answer("abab", FinishReason.STOP);
        assertThatThrownBy(() -> made(next("two", cancelled)))
                .isInstanceOf(PreviousResponseException.class)
                .hasMessageContaining("cancelled");
        assertThat(conversationCount()).isZero();
        assertThat(heard).containsExactly("began", "CANCELLED");
    }

    @Test
    void aClientThatGoesAwayLeavesNothing() {
        Response first = made(first("one"));
        Sinks.Many<GenerationEvent> slow = Sinks.many().unicast().onBackpressureBuffer();
        answer = slow.asFlux();
        List<ResponseEvent> events = new ArrayList<>();
        Disposable running =
                service.create(next("two", first), ResponseServiceTest::told).subscribe(events::add);
        slow.tryEmitNext(delta("ab"));
        running.dispose();
        String id = ((Started) events.getFirst()).response().id();
        assertThatThrownBy(() -> find(id)).isInstanceOf(ResponseNotFoundException.class);
        assertThat(heard).endsWith("began", "left");
        answer = answer("abab", FinishReason.STOP);
        made(next("three", first));
        assertThat(lastAsked()).isEqualTo("<u>one<e><a>abab<e><u>three<e><a>");
        assertThat(conversationCount()).isEqualTo(1);
    }

    /** One whose prompt takes long is announced, so that it can be cancelled before its first token. */
    @Test
    void aLongPromptIsAnnouncedBeforeItsAnswer() {
        answer = Flux.never();
        List<ResponseEvent> events = new ArrayList<>();
        Disposable running =
                service.create(first("one"), ResponseServiceTest::told).subscribe(events::add);
        assertThat(events).isEmpty();
        timer.advanceTimeBy(Duration.ofSeconds(1));
        assertThat(events).singleElement().isInstanceOf(Started.class);
        Response cancelled = service.cancel(
                        TENANT, ((Started) events.getFirst()).response().id())
                .blockOptional()
                .orElseThrow();
        assertThat(cancelled.output()).isEmpty();
        assertThat(running.isDisposed()).isTrue();
    }

    @Test
    void anErrorComesBeforeTheStartOrIsTheEnd() {
        answer = Flux.error(new InvalidPromptException("too odd", "messages"));
        assertThatThrownBy(() -> events(service, first("one")))
                .isInstanceOfSatisfying(
                        InvalidPromptException.class, e -> assertThat(e.param()).isEqualTo("input"));
        assertThat(heard).isEmpty();

        answer = Flux.concat(Flux.just(delta("ab")), Flux.error(new IllegalStateException("broke")));
        List<ResponseEvent> events = events(service, first("one"));
        assertThat(events.getLast()).isInstanceOfSatisfying(Failed.class, failed -> {
            assertThat(failed.cause()).hasMessage("broke");
            assertThat(failed.response().error()).contains(new ResponseError("server_error", "broke"));
            assertThat(find(failed.response().id()).status()).isEqualTo(ResponseStatus.FAILED);
        });
        assertThat(conversationCount()).isZero();
    }

    /** What the service itself cuts off is no whole answer. */
    @Test
    void anAnswerThatIsCutOffFails() {
        answer = answer("ab", FinishReason.CANCELLED);
        assertThat(events(service, first("one")).getLast()).isInstanceOf(Failed.class);
    }

    @Test
    void deletingRemovesTheTextThatNoOtherNeeds() {
        Response first = made(first("one"));
        Response second = made(next("two", first));
        Response third = made(next("three", second));
        service.delete(TENANT, second.id()).block();
        assertThatThrownBy(() -> find(second.id())).isInstanceOf(ResponseNotFoundException.class);
        assertThatThrownBy(() -> made(next("x", second))).isInstanceOf(PreviousResponseException.class);
        made(next("aside", third));
        assertThat(lastAsked()).contains("two");

        Response other = made(first("other"));
        Response last = made(next("secret", other));
        service.delete(TENANT, last.id()).block();
        String conversation = other.conversation().orElseThrow().id();
        assertThat(conversations
                        .sessions()
                        .find(TENANT, conversation)
                        .blockOptional()
                        .orElseThrow()
                        .messages())
                .hasSize(2)
                .noneMatch(message -> message.fields().containsValue("secret"));
        made(next("more", other));
        assertThat(lastAsked()).isEqualTo("<u>other<e><a>abab<e><u>more<e><a>");
    }

    @Test
    void theLastOfAChainTakesTheConversationWithIt() {
        Response first = made(first("one"));
        Response second = made(next("two", first));
        service.delete(TENANT, first.id()).block();
        assertThat(conversationCount()).isEqualTo(1);
        service.delete(TENANT, second.id()).block();
        assertThat(conversationCount()).isZero();
        assertThatThrownBy(() -> service.delete(TENANT, second.id()).block())
                .isInstanceOf(ResponseNotFoundException.class);
    }

    @Test
    void theOldestGoWhenThereAreTooMany() {
        ResponseService few = service(2, 1_000_000);
        Response first = made(few, first("one"));
        millis.incrementAndGet();
        Response second = made(few, next("two", first));
        millis.incrementAndGet();
        Response third = made(few, next("three", second));
        assertThatThrownBy(() -> few.find(TENANT, first.id()).block()).isInstanceOf(ResponseNotFoundException.class);
        assertThat(heard).contains("evicted");
        millis.incrementAndGet();
        made(few, next("four", third));
        assertThat(lastAsked()).startsWith("<u>one");
        millis.incrementAndGet();
        made(few, first("x"));
        millis.incrementAndGet();
        made(few, first("y"));
        assertThat(conversationCount()).as("the chain is gone").isEqualTo(2);
    }

    @Test
    void bytesAreBoundToo() {
        ResponseService small = service(100, 20_000);
        Response first = made(small, first("a".repeat(600)));
        for (int i = 0; i < 5; i++) {
            millis.incrementAndGet();
            made(small, first("b".repeat(600)));
        }
        assertThatThrownBy(() -> small.find(TENANT, first.id()).block()).isInstanceOf(ResponseNotFoundException.class);
    }

    @Test
    void whatIsTooLargeToBeKeptIsRefusedInWords() {
        assertThatThrownBy(() -> made(first("x".repeat(30_000))))
                .isInstanceOfSatisfying(InvalidPromptException.class, e -> {
                    assertThat(e.param()).isEqualTo("input");
                    assertThat(e).hasMessageContaining("'store' to false");
                });
        made(request("x".repeat(30_000), Optional.empty(), false, Optional.empty(), Optional.empty()));
    }

    @Test
    void expiryEndsResponsesAndTheirConversation() {
        Response first = made(first("one"));
        millis.addAndGet(TTL.dividedBy(2).toMillis());
        Response second = made(next("two", first));
        millis.addAndGet(TTL.dividedBy(2).toMillis() + 1);
        assertThatThrownBy(() -> find(first.id())).isInstanceOf(ResponseNotFoundException.class);
        Response third = made(next("three", second));
        assertThat(lastAsked()).isEqualTo("<u>one<e><a>abab<e><u>two<e><a>abab<e><u>three<e><a>");
        millis.addAndGet(TTL.toMillis() + 1);
        assertThatThrownBy(() -> find(third.id())).isInstanceOf(ResponseNotFoundException.class);
        assertThat(conversationCount()).isZero();
    }

    @Test
    void aTurnOfASessionGoesOnByTheSession() {
        String session = sessions.sessions()
                .create(TENANT, new Sessions.Asked("model", Optional.empty(), Map.of(), Optional.of("sys")))
                .blockOptional()
                .orElseThrow()
                .id();
        Response first = made(request("one", Optional.empty(), true, Optional.empty(), Optional.of(session)));
        assertThat(lastAsked()).isEqualTo("<u>!sys<e><u>one<e><a>");
        made(request("two", Optional.empty(), false, Optional.empty(), Optional.of(session)));
        assertThat(lastAsked()).isEqualTo("<u>!sys<e><u>one<e><a>abab<e><u>two<e><a>");
        assertThat(find(first.id()).session()).contains(session);
        assertThat(conversationCount()).isZero();
        assertThatThrownBy(() -> made(next("three", first)))
                .isInstanceOf(PreviousResponseException.class)
                .hasMessageContaining(session);
        service.delete(TENANT, first.id()).block();
        assertThat(sessions.sessions()
                        .find(TENANT, session)
                        .blockOptional()
                        .orElseThrow()
                        .turns())
                .isEqualTo(2);
    }

    @Test
    void allOfATenantAreErased() {
        Response first = made(first("one"));
        made(next("two", first));
        made(first("three"));
        assertThat(service.eraseAll(TENANT).block()).isEqualTo(3);
        assertThatThrownBy(() -> find(first.id())).isInstanceOf(ResponseNotFoundException.class);
        assertThat(conversationCount()).isZero();
    }

    @Test
    void whatCannotBeStoredIsAnsweredAndSaysSo() {
        ResponseService full = new ResponseService(
                new ResponseService.Parts(
                        new Inference(),
                        sessions,
                        conversations,
                        new InMemorySessionRecords(1, millis::get),
                        new InMemoryTenantLedger(millis::get),
                        new SessionSealer(new byte[32], new SecureRandom()),
                        namespaces,
                        new Listener()),
                new ResponseBounds(TTL, 10, 1_000_000, 20_000),
                InstantSource.system(),
                () -> "%024x".formatted(ids.incrementAndGet()),
                timer);
        assertThat(made(full, first("one")).stored()).isTrue();
        Response second = made(full, first("two"));
        assertThat(second.stored()).isFalse();
        assertThat(second.status()).isEqualTo(ResponseStatus.COMPLETED);
        assertThat(heard).contains("not stored: STORE");
    }
}
