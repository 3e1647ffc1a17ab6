package dev.contexture.config;

import dev.contexture.kv.tier.RemoteTier;
import dev.contexture.kv.tier.TenantSalts;
import dev.contexture.session.store.RecordFamily;
import dev.contexture.session.store.SessionRecords;
import dev.contexture.session.store.TenantLedger;

/** Where sessions, responses and blocks are kept. */
interface Stores extends AutoCloseable {
    RemoteTier remote();

    TenantSalts salts();

    SessionRecords records(RecordFamily family);

    TenantLedger responseLedger();

    /** Whether what is kept can be asked for by another process. */
    boolean outlivesProcess();

    /** Whether what outlives the process can be asked now. */
    boolean isAvailable();

    @Override
    void close();
}
