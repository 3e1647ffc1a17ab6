package dev.contexture.scheduler;

import dev.contexture.kv.KvStats;

/** Counts of the scheduler after its last turn. */
public record SchedulerStats(
        int running, int queuedRequests, long queuedTokens, long steps, long preemptions, KvStats kv) {}
