package dev.contexture.config;

import dev.contexture.kv.tier.RemoteTier;
import dev.contexture.kv.tier.TenantSalts;
import dev.contexture.session.store.InMemorySessionRecords;
import dev.contexture.session.store.InMemoryTenantLedger;
import dev.contexture.session.store.RecordFamily;
import dev.contexture.session.store.SessionRecords;
import dev.contexture.session.store.TenantLedger;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/** In this process, with which all of it ends. */
final class MemoryStores implements Stores {
    private final RemoteStore none = RemoteStore.none();
    private final Map<RecordFamily, SessionRecords> records = new EnumMap<>(RecordFamily.class);
    private final TenantLedger responseLedger = new InMemoryTenantLedger(System::currentTimeMillis);

    /**
     * @param mostRecords of each family; more are refused
     */
    MemoryStores(int mostRecords) {
        for (RecordFamily family : RecordFamily.values()) {
            records.put(family, new InMemorySessionRecords(mostRecords, System::currentTimeMillis));
        }
    }

    @Override
    public RemoteTier remote() {
        return none.tier();
    }

    @Override
    public TenantSalts salts() {
        return none.salts();
    }

    @Override
    public SessionRecords records(RecordFamily family) {
        return Objects.requireNonNull(records.get(family));
    }

    @Override
    public TenantLedger responseLedger() {
        return responseLedger;
    }

    @Override
    public boolean outlivesProcess() {
        return false;
    }

    @Override
    public boolean isAvailable() {
        return false;
    }

    @Override
    public void close() {}
}
