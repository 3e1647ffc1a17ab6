package dev.contexture.session.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.session.store.TenantLedger.Bounds;
import dev.contexture.session.store.TenantLedger.Entry;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What every ledger does. */
abstract class TenantLedgerContract {
    private static final Duration LONG = Duration.ofMinutes(1);
    private static final Bounds WIDE = new Bounds(1000, 1_000_000);

    abstract TenantLedger ledger();

    /** Waits until what lives so long has expired. */
    abstract void pass(Duration duration) throws InterruptedException;

    private List<Entry> enter(String namespace, String id, long bytes, Bounds bounds) throws InterruptedException {
        pass(Duration.ofMillis(2)); // the oldest is known by milliseconds
        return ledger().enter(namespace, new Entry(id, bytes), LONG, bounds)
                .blockOptional()
                .orElseThrow();
    }

    @Test
    void theOldestGoFirstWhenThereAreTooMany() throws Exception {
        Bounds three = new Bounds(3, 1_000_000);
        for (String id : List.of("c", "a", "b")) {
            assertThat(enter("many", id, 10, three)).isEmpty();
        }
        assertThat(enter("many", "d", 10, three)).containsExactly(new Entry("c", 10));
        assertThat(enter("many", "e", 10, three)).containsExactly(new Entry("c", 10), new Entry("a", 10));
        ledger().leave("many", new Entry("c", 10)).block();
        ledger().leave("many", new Entry("a", 10)).block();
        ledger().leave("many", new Entry("b", 10)).block();
        assertThat(enter("many", "f", 10, three)).isEmpty();
    }

    @Test
    void bytesAreBoundAsWell() throws Exception {
        Bounds bounds = new Bounds(1000, 100);
        assertThat(enter("bytes", "a", 40, bounds)).isEmpty();
        assertThat(enter("bytes", "b", 60, bounds)).isEmpty();
        assertThat(enter("bytes", "c", 30, bounds)).containsExactly(new Entry("a", 40));
        ledger().leave("bytes", new Entry("a", 40)).block();
        ledger().leave("bytes", new Entry("a", 40)).block();
        assertThat(enter("bytes", "d", 10, bounds)).isEmpty();
        assertThat(enter("bytes", "e", 1, bounds)).containsExactly(new Entry("b", 60));
        assertThat(enter("bytes", "f", 500, bounds)).as("never the new one").doesNotContain(new Entry("f", 500));
    }

    @Test
    void tenantsAreCountedApart() throws Exception {
        Bounds one = new Bounds(1, 1_000_000);
        assertThat(enter("first", "a", 1, one)).isEmpty();
        assertThat(enter("second", "a", 1, one)).isEmpty();
        assertThat(enter("first", "b", 1, one)).containsExactly(new Entry("a", 1));
    }

    @Test
    void whatExpiredIsLeftOut() throws Exception {
        Bounds two = new Bounds(2, 1_000_000);
        for (String id : List.of("a", "b")) {
            ledger().enter("brief", new Entry(id, 5), Duration.ofMillis(50), two)
                    .block();
        }
        pass(Duration.ofMillis(120));
        assertThat(enter("brief", "c", 5, two)).isEmpty();
        assertThat(enter("brief", "d", 5, two)).isEmpty();
        assertThat(enter("brief", "e", 5, two)).containsExactly(new Entry("c", 5));
    }

    @Test
    void oneCallNamesABoundedNumber() throws Exception {
        for (int i = 0; i < TenantLedger.MOST_SURPLUS + 20; i++) {
            ledger().enter("flood", new Entry("x" + i, 1), LONG, WIDE).block();
        }
        assertThat(enter("flood", "last", 1, new Bounds(1, 1_000_000))).hasSize(TenantLedger.MOST_SURPLUS);
    }
}
