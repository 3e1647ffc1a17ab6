package dev.contexture.scheduler;

import dev.contexture.kv.tier.FadingLine;
import dev.contexture.kv.tier.RemotePace;

/** {@link RestoreGate} from what transfers and steps took lately. */
public final class MeasuredGate implements RestoreGate {
    private static final double KEPT = 0.9;
    /** Of the first restore of a process (measured: .4 s for 5 MB and 1.3 s for 80 MB on two cores). */
    private static final double COLD_NANOS = 350e6;

    private static final double COLD_NANOS_PER_BYTE = 12;

    /** Shorter steps are decode rows, or pay for the weights of the model more than for their rows. */
    private static final int LEAST_CHUNK_TOKENS = 32;

    private final RemotePace remote;
    private final PrefillPace prefill;
    private final FadingLine host = new FadingLine(KEPT);
    private final FadingLine restores = new FadingLine(KEPT);
    private final FadingLine rows = new FadingLine(KEPT);

    /**
     * @param prefill may have been measured already, by a probe
     */
    public MeasuredGate(RemotePace remote, PrefillPace prefill) {
        this.remote = remote;
        this.prefill = prefill;
    }

    /** The slower of the way here and of whole restores; before the first of these, of what a cold process takes. */
    @Override
    public long loadNanos(long hostBytes, long remoteBytes) {
        long way = stepNanos(hostBytes, remoteBytes);
        if (remoteBytes == 0 || way == Long.MAX_VALUE) {
            return way;
        }
        double whole =
                restores.isMeasured() ? restores.at(remoteBytes) : COLD_NANOS + remoteBytes * COLD_NANOS_PER_BYTE;
        return Math.max(way, (long) whole);
    }

    @Override
    public long stepNanos(long hostBytes, long remoteBytes) {
        long fromHost = host.isMeasured() ? (long) host.at(hostBytes + remoteBytes) : 0;
        if (remoteBytes == 0) {
            return fromHost;
        }
        long fromRemote = remote.isMeasured() ? remote.loadNanos(remoteBytes) : 0;
        return remote.state() == RemotePace.State.UNAVAILABLE || fromRemote == Long.MAX_VALUE
                ? Long.MAX_VALUE
                : fromRemote + fromHost;
    }

    @Override
    public long computeNanos(int from, int to) {
        return prefill.isMeasured() ? prefill.nanos(from, to) : Long.MAX_VALUE;
    }

    @Override
    public long rowNanos() {
        return rows.isMeasured() ? (long) rows.at(1) : 0;
    }

    @Override
    public void moved(long bytes, long nanos) {
        host.add(bytes, nanos);
    }

    @Override
    public void restored(long bytes, long nanos) {
        restores.add(bytes, nanos);
    }

    @Override
    public void computed(int from, int tokens, long nanos) {
        if (tokens == 1) {
            rows.add(1, nanos);
        }
        if (tokens >= LEAST_CHUNK_TOKENS) {
            prefill.add(from, tokens, nanos);
        }
    }
}
