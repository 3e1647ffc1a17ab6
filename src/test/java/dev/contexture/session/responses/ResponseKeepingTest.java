package dev.contexture.session.responses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.session.InvalidPromptException;
import dev.contexture.session.responses.ResponseEvent.Started;
import dev.contexture.session.store.InMemorySessionRecords;
import dev.contexture.testing.LateSessionRecords;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;

/** Responses are kept within bounds, and removed with the text that no other needs. */
class ResponseKeepingTest extends ResponseServiceHarness {
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
        ResponseService full = service(conversations, new InMemorySessionRecords(1, millis::get), 10, 1_000_000);
        assertThat(made(full, first("one")).stored()).isTrue();
        Response second = made(full, first("two"));
        assertThat(second.stored()).isFalse();
        assertThat(second.status()).isEqualTo(ResponseStatus.COMPLETED);
        assertThat(heard).contains("not stored: STORE");
    }

    /** Its text would be where nobody could find or delete it. */
    @Test
    void aClientThatGoesAwayWhileTheTurnIsWrittenLeavesNoText() {
        LateSessionRecords late = new LateSessionRecords(conversationRecords);
        ResponseService slow = service(sessions(late, "cnv"), responseRecords, 10, 1_000_000);
        Disposable running =
                slow.create(first("one"), ResponseServiceHarness::told).subscribe();
        assertThat(conversationCount()).isEqualTo(1);
        running.dispose();
        assertThat(conversationCount()).isZero();
        assertThat(heard).containsExactly("began", "left");
    }

    @Test
    void whatIsBeingKeptIsKeptWithoutItsClientToo() {
        LateSessionRecords late = new LateSessionRecords(responseRecords);
        ResponseService slow = service(conversations, late, 10, 1_000_000);
        List<ResponseEvent> events = new ArrayList<>();
        Disposable running =
                slow.create(first("one"), ResponseServiceHarness::told).subscribe(events::add);
        String id = ((Started) events.getFirst()).response().id();
        assertThat(slow.find(TENANT, id).blockOptional().orElseThrow().status()).isEqualTo(ResponseStatus.IN_PROGRESS);
        running.dispose();
        late.answer();
        Response kept = find(id);
        assertThat(kept.status()).isEqualTo(ResponseStatus.COMPLETED);
        made(next("two", kept));
        assertThat(lastAsked()).isEqualTo("<u>one<e><a>abab<e><u>two<e><a>");
        assertThat(heard).startsWith("began", "COMPLETED").doesNotContain("left");
    }
}
