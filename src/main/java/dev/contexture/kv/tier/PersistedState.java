package dev.contexture.kv.tier;

/**
 * How much of a session the remote tier does not hold.
 *
 * @param waitingValues that are still to be written
 * @param lostValues that could not be written and were not put again since
 * @param lostTrack whether more were lost than could be remembered
 */
public record PersistedState(int waitingValues, int lostValues, boolean lostTrack) {
    static final PersistedState NOTHING_MISSING = new PersistedState(0, 0, false);

    /** Whether the session would outlive the process as it is. */
    public boolean persisted() {
        return waitingValues == 0 && lostValues == 0 && !lostTrack;
    }
}
