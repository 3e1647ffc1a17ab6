package dev.contexture.scheduler;

import dev.contexture.core.FinishReason;
import dev.contexture.core.SparsityUsage;
import dev.contexture.engine.ModelRunException;
import dev.contexture.engine.SampledToken;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * Hands out what sequences draw, and ends them.
 *
 * <p>Idea: turning 64 tokens into text and events costs as much as a tenth of a small step, and a device waits for it. So
 * sinks are called elsewhere, a step's tokens at once, while the next step runs. Trade-off: a sequence whose sink finds a
 * stop sequence has drawn a token more for each step that its sinks are behind, which nobody sees.
 *
 * <p>Used by the loop's thread; when that has ended, {@link #leave} and {@link #deliver} by any.
 */
final class Outputs {
    private final Scheduler scheduler;
    private final SchedulerListener listener;
    private final NanoClock clock;
    private final Executor delivery;
    private List<Runnable> batch = new ArrayList<>();

    /**
     * @param delivery calls sinks, in the order in which it gets them and one at a time
     */
    Outputs(Scheduler scheduler, SchedulerListener listener, NanoClock clock, Executor delivery) {
        this.scheduler = scheduler;
        this.listener = listener;
        this.clock = clock;
        this.delivery = delivery;
    }

    void admitted(Sequence sequence) {
        listener.admitted(
                sequence.request().promptLength(),
                sequence.cachedTokens(),
                sequence.admittedNanos() - sequence.arrivalNanos());
        int cached = sequence.cachedTokens();
        Optional<RestoreReport> restore = sequence.restoreReport();
        add(() -> sequence.outlet().admitted(cached, restore));
    }

    /** After a step: its rows count as computed, and each sequence gets its token or its end. */
    void handOut(List<Scheduler.Share> shares, List<SampledToken> sampled, long now) {
        Map<Long, SampledToken> tokens = HashMap.newHashMap(sampled.size());
        sampled.forEach(token -> tokens.put(token.sequenceId(), token));
        for (Scheduler.Share share : shares) {
            Sequence sequence = share.sequence();
            sequence.advance(share.tokens());
            SampledToken token = tokens.get(sequence.id());
            if (token == null) {
                continue;
            }
            if (sequence.request().stopTokens().contains(token.tokenId())) {
                end(sequence, FinishReason.STOP);
            } else {
                append(sequence, token, now);
            }
        }
        deliver();
        for (Scheduler.Share share : shares) {
            Sequence sequence = share.sequence();
            if (sequence.status() == Sequence.Status.ENDED) {
                continue;
            }
            if (sequence.outlet().word() != Outlet.Word.GO_ON) {
                scheduler.remove(sequence);
                leave(sequence);
            } else if (sequence.outputTokens() >= sequence.request().maxTokens()) {
                end(sequence, FinishReason.LENGTH);
            }
        }
        deliver();
    }

    private void append(Sequence sequence, SampledToken token, long now) {
        if (sequence.outputTokens() == 0) {
            listener.firstToken(now - sequence.arrivalNanos(), now - sequence.admittedNanos());
        } else {
            listener.nextToken(now - sequence.lastTokenNanos());
        }
        sequence.append(token.tokenId(), now);
        GeneratedToken generated = new GeneratedToken(token.tokenId(), token.logprob(), token.topLogprobs());
        add(() -> sequence.outlet().token(generated));
    }

    private void end(Sequence sequence, FinishReason reason) {
        scheduler.remove(sequence);
        finished(sequence, reason);
    }

    /** Ends a sequence that {@linkplain Sequence#isLeaving() leaves}; it is nowhere in the scheduler any more. */
    void leave(Sequence sequence) {
        CancelCause cause = sequence.cancelCause();
        if (cause != null) {
            listener.cancelled(cause);
            finish(sequence, FinishReason.CANCELLED);
        } else if (sequence.outlet().word() == Outlet.Word.STOP) {
            finished(sequence, FinishReason.STOP);
        } else {
            listener.failed();
            sequence.end();
        }
    }

    private void finished(Sequence sequence, FinishReason reason) {
        long now = clock.nanos();
        listener.finished(
                reason,
                sequence.request().promptLength(),
                sequence.outputTokens(),
                now - sequence.arrivalNanos(),
                sequence.outputTokens() > 0 ? now - sequence.firstTokenNanos() : 0);
        finish(sequence, reason);
    }

    private void finish(Sequence sequence, FinishReason reason) {
        SparsityUsage usage = sequence.sparsityUsage();
        sequence.end();
        add(() -> {
            if (!sequence.outlet().finished(reason, usage)) {
                listener.failed(); // the sink broke at its very end; the sequence itself is done
            }
        });
    }

    /** The step failed and left nothing behind; its sequences end, the others go on. */
    void failAll(List<Scheduler.Share> shares, RuntimeException cause) {
        RuntimeException failure =
                cause instanceof ModelRunException ? cause : new ModelRunException("the step failed: " + cause, cause);
        for (Scheduler.Share share : shares) {
            scheduler.remove(share.sequence());
            fail(share.sequence(), failure);
        }
        deliver();
    }

    /** The step left nothing behind and is to be run again without one of its sequences, which ends. */
    void failOne(List<Scheduler.Share> shares, long sequenceId, RuntimeException cause) {
        for (Scheduler.Share share : shares) {
            if (share.sequence().id() == sequenceId) {
                scheduler.remove(share.sequence());
                fail(share.sequence(), cause);
            }
        }
        deliver();
    }

    void fail(Sequence sequence, RuntimeException cause) {
        SparsityUsage usage = sequence.sparsityUsage();
        listener.failed();
        sequence.end();
        add(() -> sequence.outlet().failed(cause, usage));
    }

    /** What was handed out so far goes to the sinks. */
    void deliver() {
        List<Runnable> told = take();
        if (!told.isEmpty()) {
            delivery.execute(() -> told.forEach(Runnable::run));
        }
    }

    private synchronized void add(Runnable tells) {
        batch.add(tells);
    }

    private synchronized List<Runnable> take() {
        List<Runnable> taken = batch;
        batch = new ArrayList<>();
        return taken;
    }

    /** Behind all that was delivered. */
    void then(Runnable last) {
        add(last);
        deliver();
    }
}
