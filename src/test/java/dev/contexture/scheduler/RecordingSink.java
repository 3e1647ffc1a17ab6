package dev.contexture.scheduler;

import dev.contexture.core.FinishReason;
import dev.contexture.core.SparsityUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Keeps what comes, and may misbehave. */
final class RecordingSink implements TokenSink {
    enum Manner {
        PLAIN,
        THROWS_AT_ADMISSION,
        THROWS_AT_TOKEN,
        THROWS_AT_END,
        STOPS_AT_THIRD_TOKEN
    }

    final Manner manner;
    final List<Integer> tokens = new ArrayList<>();
    int admissions;
    int cachedTokens;
    int ends;

    @Nullable
    FinishReason reason;

    SparsityUsage sparsity = SparsityUsage.NONE;

    @Nullable
    RuntimeException failure;

    Optional<RestoreReport> restore = Optional.empty();

    RecordingSink(Manner manner) {
        this.manner = manner;
    }

    @Override
    public void onAdmitted(int cached, Optional<RestoreReport> report) {
        admissions++;
        restore = report;
        cachedTokens = cached;
        if (manner == Manner.THROWS_AT_ADMISSION) {
            throw new IllegalStateException("broken at admission");
        }
    }

    @Override
    public Verdict onToken(GeneratedToken token) {
        tokens.add(token.tokenId());
        if (manner == Manner.THROWS_AT_TOKEN) {
            throw new IllegalStateException("broken at a token");
        }
        return manner == Manner.STOPS_AT_THIRD_TOKEN && tokens.size() == 3 ? Verdict.STOP : Verdict.CONTINUE;
    }

    @Override
    public void onFinished(FinishReason finishReason, SparsityUsage usage) {
        ends++;
        sparsity = usage;
        reason = finishReason;
        if (manner == Manner.THROWS_AT_END) {
            throw new IllegalStateException("broken at the end");
        }
    }

    @Override
    public void onFailed(RuntimeException cause) {
        ends++;
        failure = cause;
    }
}
