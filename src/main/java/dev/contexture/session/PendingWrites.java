package dev.contexture.session;

import java.util.HashMap;
import java.util.Map;

/** Counts what is being written, so that one tenant cannot take all places. Safe for use by several threads. */
final class PendingWrites {
    private final int most;
    private final int mostOfTenant;
    private final Map<String, Integer> byTenant = new HashMap<>();
    private int all;

    PendingWrites(int most, int mostOfTenant) {
        this.most = most;
        this.mostOfTenant = mostOfTenant;
    }

    /**
     * @return whether there is a place, which {@link #end} gives back
     */
    synchronized boolean begin(String tenant) {
        if (all == most || byTenant.getOrDefault(tenant, 0) == mostOfTenant) {
            return false;
        }
        all++;
        byTenant.merge(tenant, 1, Integer::sum);
        return true;
    }

    synchronized void end(String tenant) {
        all--;
        byTenant.computeIfPresent(tenant, (name, count) -> count == 1 ? null : count - 1);
    }
}
