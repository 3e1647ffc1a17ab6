package dev.contexture.session.store;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

class InMemoryTenantLedgerTest extends TenantLedgerContract {
    private final AtomicLong millis = new AtomicLong();
    private final TenantLedger ledger = new InMemoryTenantLedger(millis::get);

    @Override
    TenantLedger ledger() {
        return ledger;
    }

    @Override
    void pass(Duration duration) {
        millis.addAndGet(duration.toMillis());
    }
}
