package dev.contexture.scheduler;

import dev.contexture.kv.tier.FadingLine;
import dev.contexture.kv.tier.RemotePace;

/** {@link RestoreGate} from what transfers and steps took lately. */
public final class MeasuredGate implements RestoreGate {
    private static final double KEPT = 0.9;
    /** Shorter steps are decode rows, or pay for the weights of the model more than for their rows. */
    private static final int LEAST_CHUNK_TOKENS = 32;

    private final RemotePace remote;
    private final PrefillPace prefill;
    private final FadingLine host = new FadingLine(KEPT);

    /**
     * @param prefill may have been measured already, by a probe
     */
    public MeasuredGate(RemotePace remote, PrefillPace prefill) {
        this.remote = remote;
        this.prefill = prefill;
    }

    /** What was never measured counts as nothing: so it will be tried, and measured. */
    @Override
    public long loadNanos(long hostBytes, long remoteBytes) {
        long fromRemote = 0;
        if (remoteBytes > 0) {
            if (remote.state() == RemotePace.State.UNAVAILABLE) {
                return Long.MAX_VALUE;
            }
            fromRemote = remote.isMeasured() ? remote.loadNanos(remoteBytes) : 0;
        }
        long fromHost = host.isMeasured() ? (long) host.at(hostBytes + remoteBytes) : 0;
        return fromRemote == Long.MAX_VALUE ? fromRemote : fromRemote + fromHost;
    }

    @Override
    public long computeNanos(int from, int to) {
        return prefill.isMeasured() ? prefill.nanos(from, to) : Long.MAX_VALUE;
    }

    @Override
    public void moved(long bytes, long nanos) {
        host.add(bytes, nanos);
    }

    @Override
    public void computed(int from, int tokens, long nanos) {
        if (tokens >= LEAST_CHUNK_TOKENS) {
            prefill.add(from, tokens, nanos);
        }
    }
}
