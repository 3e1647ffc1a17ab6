package dev.contexture.session;

import dev.contexture.session.Session.Mark;
import dev.contexture.session.store.SessionRecords.Key;
import dev.contexture.session.store.SessionRecords.Lease;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/** Removes marks of sessions, and with them the text that no mark needs any more. */
final class SessionMarks {
    private final SessionVault vault;
    private final SessionLeases leases;
    private final SessionKv kv;
    private final InstantSource clock;

    SessionMarks(SessionVault vault, SessionLeases leases, SessionKv kv, InstantSource clock) {
        this.vault = vault;
        this.leases = leases;
        this.kv = kv;
        this.clock = clock;
    }

    /**
     * Forgets a mark. What lies behind the last one that is left goes, too, and the whole session if none is. A session that is
     * gone already is no error. Fails with {@link SessionBusyException}.
     *
     * @param lives whether what another mark was made for is still there
     * @param longestWait for a turn that runs
     */
    Mono<Void> remove(
            String tenant, String id, String name, Function<String, Mono<Boolean>> lives, Duration longestWait) {
        return Mono.defer(() -> {
                    Key key = vault.key(tenant, id);
                    return Mono.usingWhen(
                            leases.acquire(key, longestWait),
                            lease -> vault.find(key).flatMap(session -> remove(tenant, lease, session, name, lives)),
                            leases::release);
                })
                .onErrorResume(SessionNotFoundException.class, e -> Mono.empty());
    }

    private Mono<Void> remove(
            String tenant, Lease lease, Session session, String name, Function<String, Mono<Boolean>> lives) {
        List<Mark> others = session.marks().stream()
                .filter(mark -> !mark.name().equals(name))
                .toList();
        return living(others, lives).flatMap(left -> {
            if (left.isEmpty()) {
                return kv.erase(tenant, session).then(vault.delete(lease.key())).then();
            }
            Mark last = left.getLast();
            boolean cuts = last.messages() < session.messages().size();
            Mono<Void> erased = cuts ? kv.erase(tenant, session) : Mono.empty();
            // This was no use of it: it expires when it would have.
            Duration rest = Duration.between(clock.instant(), session.expires());
            return erased.then(vault.replace(lease, session.upTo(last, left), rest))
                    .then();
        });
    }

    /** Marks up to the last one that lives: what those before it stand for is text that this one needs anyway. */
    private static Mono<List<Mark>> living(List<Mark> marks, Function<String, Mono<Boolean>> lives) {
        if (marks.isEmpty()) {
            return Mono.just(List.of());
        }
        return lives.apply(marks.getLast().name())
                .flatMap(alive ->
                        alive ? Mono.just(new ArrayList<>(marks)) : living(marks.subList(0, marks.size() - 1), lives));
    }
}
