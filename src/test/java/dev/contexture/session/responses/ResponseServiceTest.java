package dev.contexture.session.responses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.FinishReason;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.InvalidPromptException;
import dev.contexture.session.Sessions;
import dev.contexture.session.responses.ResponseEvent.Begun;
import dev.contexture.session.responses.ResponseEvent.Ended;
import dev.contexture.session.responses.ResponseEvent.Failed;
import dev.contexture.session.responses.ResponseEvent.Started;
import dev.contexture.session.responses.ResponseEvent.Text;
import dev.contexture.session.responses.ResponseItem.Message;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/** Responses go on from one another, are told while they are made, and cancelled as a whole. */
class ResponseServiceTest extends ResponseServiceHarness {
    @Test
    void eventsComeInOrderAndTheResponseIsKept() {
        List<ResponseEvent> events = events(service, first("one"));
        assertThat(events).hasSize(4);
        assertThat(events.getFirst())
                .isInstanceOfSatisfying(
                        Started.class,
                        started -> assertThat(started.response().status()).isEqualTo(ResponseStatus.IN_PROGRESS));
        ResponseItem begun = ((Begun) events.get(1)).item();
        assertThat(events.get(2)).isEqualTo(new Text(0, begun.id(), "abab"));
        Response response = ((Ended) events.getLast()).response();
        assertThat(response.status()).isEqualTo(ResponseStatus.COMPLETED);
        assertThat(response.stored()).isTrue();
        assertThat(response.usage()).contains(new Response.TokenCounts(7, 2, 4, 0));
        assertThat(response.output()).singleElement().isInstanceOfSatisfying(Message.class, message -> {
            assertThat(message.texts()).containsExactly("abab");
            assertThat(message.id()).isEqualTo(begun.id());
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
    void aRunningOneIsToldAndCancelled() {
        Sinks.Many<GenerationEvent> slow = Sinks.many().unicast().onBackpressureBuffer();
        List<String> signals = new ArrayList<>();
        answer = slow.asFlux().doOnCancel(() -> signals.add("cancelled"));
        List<ResponseEvent> events = new ArrayList<>();
        Disposable running =
                service.create(first("one"), ResponseServiceTest::told).subscribe(events::add);
        drawn("ab").toIterable().forEach(slow::tryEmitNext);
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

    /** Whoever reads slowly holds up neither the model nor a cancellation. */
    @Test
    void aRunningOneIsCancelledWhoseReaderHasStopped() {
        Sinks.Many<GenerationEvent> slow = Sinks.many().unicast().onBackpressureBuffer();
        answer = slow.asFlux();
        List<ResponseEvent> events = new ArrayList<>();
        BaseSubscriber<ResponseEvent> reader = new BaseSubscriber<>() {
            @Override
            protected void hookOnSubscribe(Subscription subscription) {
                request(1);
            }

            @Override
            protected void hookOnNext(ResponseEvent event) {
                events.add(event);
            }
        };
        service.create(first("one"), ResponseServiceTest::told).subscribe(reader);
        for (int i = 0; i < 3000; i++) {
            drawn("ab").toIterable().forEach(slow::tryEmitNext);
        }
        String id = ((Started) events.getFirst()).response().id();
        Response cancelled =
                service.cancel(TENANT, id).blockOptional(Duration.ofSeconds(10)).orElseThrow();
        assertThat(((Message) cancelled.output().getFirst()).texts())
                .singleElement()
                .isEqualTo("ab".repeat(3000));
        reader.requestUnbounded();
        assertThat(events).hasSize(3003);
        assertThat(((Ended) events.getLast()).response()).isEqualTo(cancelled);
    }

    @Test
    void aClientThatGoesAwayLeavesNothing() {
        Response first = made(first("one"));
        Sinks.Many<GenerationEvent> slow = Sinks.many().unicast().onBackpressureBuffer();
        answer = slow.asFlux();
        List<ResponseEvent> events = new ArrayList<>();
        Disposable running =
                service.create(next("two", first), ResponseServiceTest::told).subscribe(events::add);
        drawn("ab").toIterable().forEach(slow::tryEmitNext);
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

        answer = Flux.concat(drawn("ab"), Flux.error(new IllegalStateException("broke")));
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
}
