package dev.contexture.scheduler;

import dev.contexture.engine.Engine;
import dev.contexture.engine.FailedConstraintException;
import dev.contexture.engine.LostBlocksException;
import dev.contexture.engine.ModelRunException;
import dev.contexture.engine.SampledToken;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.KvInvariants;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's one thread. Each turn: take new sequences and cancellations, plan, run the step, hand out tokens. Nothing
 * else changes scheduler, engine or KV state, so none of them needs a lock.
 */
public final class SchedulerLoop implements TokenGenerator, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SchedulerLoop.class);
    /** Model runs that fail one after the other before the loop calls itself unhealthy. */
    private static final int MAX_FAILED_STEPS = 5;

    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** Whoever waits for blocks looks for them again, and at its time limit. */
    private static final long WAIT_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

    private final KvCache kv;
    private final Engine engine;
    private final SchedulerConfig config;
    private final SchedulerListener listener;
    private final BlockTraffic traffic;
    private final NanoClock clock;
    private final LongSupplier seeds;
    private final Scheduler scheduler;
    private final Outputs outputs;
    private final Thread thread;

    private final ConcurrentLinkedQueue<Sequence> inbox = new ConcurrentLinkedQueue<>();
    private final LoopCalls calls = new LoopCalls();
    private final AtomicInteger queuedRequests = new AtomicInteger();
    private final AtomicLong queuedTokens = new AtomicLong();
    private final AtomicLong nextId = new AtomicLong(1);
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final CountDownLatch drained = new CountDownLatch(1);

    private volatile boolean draining;
    private volatile boolean stopping;
    private volatile boolean ended;
    private volatile @Nullable Throwable failure;
    private final PrefillRate prefillRate = new PrefillRate();
    private volatile long lastTurnNanos;
    private volatile int failedSteps;
    private volatile SchedulerStats stats;
    private long steps;
    private long lastStepNanos;

    /** Nothing is kept but in the KV pool. */
    public SchedulerLoop(
            KvCache kv,
            Engine engine,
            SchedulerConfig config,
            SchedulerListener listener,
            NanoClock clock,
            LongSupplier seeds) {
        this(kv, engine, config, listener, BlockTraffic.NONE, clock, seeds, Runnable::run);
    }

    /**
     * @param traffic with the tiers below the KV pool
     * @param seeds gives a fresh seed for each sequence whose request has none
     * @param delivery calls sinks, in the order in which it gets them and one at a time; it outlives the loop
     */
    public SchedulerLoop(
            KvCache kv,
            Engine engine,
            SchedulerConfig config,
            SchedulerListener listener,
            BlockTraffic traffic,
            NanoClock clock,
            LongSupplier seeds,
            Executor delivery) {
        this.kv = kv;
        this.engine = engine;
        this.config = config;
        this.listener = listener;
        this.clock = clock;
        this.seeds = seeds;
        this.traffic = traffic;
        this.scheduler = new Scheduler(kv, config, listener, traffic, clock);
        this.outputs = new Outputs(scheduler, listener, clock, delivery);
        this.calls.wakes(this::wake);
        this.lastTurnNanos = clock.nanos();
        this.stats = new SchedulerStats(0, 0, 0, 0, 0, kv.stats());
        this.thread = Thread.ofPlatform().name("step-loop").daemon(true).unstarted(this::run);
    }

    public SchedulerLoop start() {
        thread.start();
        return this;
    }

    @Override
    public List<SequenceHandle> submit(List<SequenceRequest> requests) {
        if (draining) {
            throw new ShuttingDownException();
        }
        long tokens = 0;
        for (SequenceRequest request : requests) {
            requireFits(request);
            tokens += request.promptLength();
        }
        reserveQueue(requests.size(), tokens);
        List<SequenceHandle> handles = new ArrayList<>();
        Sequence leader = null;
        for (SequenceRequest request : requests) {
            Long seed = request.sampling().seed();
            Sequence sequence = new Sequence(
                    nextId.getAndIncrement(),
                    request,
                    // Choices of one request differ, and each is repeatable.
                    seed == null ? seeds.getAsLong() : seed + handles.size(),
                    engine.begin(request.sparsity()),
                    leader,
                    clock.nanos(),
                    this::wake);
            leader = leader == null ? sequence : leader;
            inbox.add(sequence);
            handles.add(sequence);
        }
        wake();
        if (ended) {
            cancelInbox();
        }
        return handles;
    }

    private void requireFits(SequenceRequest request) {
        long length = (long) request.promptLength() + request.maxTokens();
        if (length > contextLength()) {
            throw new IllegalArgumentException("prompt (" + request.promptLength() + " tokens) and output ("
                    + request.maxTokens() + ") together must not pass " + contextLength() + " tokens");
        }
    }

    private void reserveQueue(int requests, long tokens) {
        int requestsThen = queuedRequests.addAndGet(requests);
        long tokensThen = queuedTokens.addAndGet(tokens);
        // One prompt may be longer than the token bound: it is refused only if others wait before it.
        boolean tooManyTokens = tokensThen > config.maxQueuedTokens() && requestsThen > requests;
        if (requestsThen > config.maxQueuedRequests() || tooManyTokens) {
            queuedRequests.addAndGet(-requests);
            queuedTokens.addAndGet(-tokens);
            throw new QueueFullException(
                    "the queue is full: " + (requestsThen - requests) + " requests with " + (tokensThen - tokens)
                            + " tokens are waiting; try again later",
                    Admission.retryAfter(tokensThen, prefillRate.tokensPerSecond()));
        }
    }

    public LoopCalls calls() {
        return calls;
    }

    @Override
    public int contextLength() {
        return Math.min(config.contextLength(), kv.capacityTokens());
    }

    private void wake() {
        LockSupport.unpark(thread);
    }

    private void run() {
        try {
            while (!stopping) {
                lastTurnNanos = clock.nanos();
                if (!turn()) {
                    idle();
                }
            }
            cancelEverything();
        } catch (Throwable e) {
            // A bug of ours or no memory left: an error for everyone is better than leaving anyone waiting.
            failure = e;
            draining = true;
            LOG.error("The step loop failed and takes no more work: restart the process", e);
            failEverything(e);
        } finally {
            ended = true;
            calls.close();
            cancelInbox();
            publishStats();
            drained.countDown();
            stopped.countDown();
        }
    }

    /** Whether nobody waits for anything. */
    boolean isIdle() {
        return scheduler.isIdle() && inbox.isEmpty();
    }

    private void idle() {
        publishStats();
        if (draining && isIdle()) {
            outputs.then(drained::countDown);
        }
        if (inbox.isEmpty() && calls.isEmpty() && !stopping) {
            LockSupport.parkNanos(this, scheduler.waitsForBlocks() ? WAIT_NANOS : IDLE_NANOS);
        }
    }

    /**
     * @return whether there may be more to do at once
     */
    boolean turn() {
        calls.run();
        takeMessages();
        boolean leaving = traffic.turn(lastStepNanos);
        scheduler.restore();
        List<Scheduler.Share> shares = scheduler.plan();
        boolean moving = leaving || scheduler.restoresMore();
        lastStepNanos = 0;
        if (shares.isEmpty()) {
            return moving || (scheduler.isIdle() && traffic.idle(engine));
        }
        noteAdmissions();
        long begin = clock.nanos();
        List<SampledToken> sampled;
        try {
            sampled = engine.step(scheduler.toPlan(shares));
            failedSteps = 0;
        } catch (LostBlocksException e) {
            LOG.warn("Computed again: {}", e.getMessage());
            scheduler.recompute(e.sequenceId());
            listener.lostBlocks();
            return true;
        } catch (FailedConstraintException e) {
            LOG.warn("Sequence {} ends: {}", e.sequenceId(), e.getMessage());
            outputs.failOne(shares, e.sequenceId(), e);
            return true;
        } catch (RuntimeException e) {
            failedSteps++;
            outputs.failAll(shares, e);
            return true;
        }
        long end = clock.nanos();
        steps++;
        lastStepNanos = end - begin;
        outputs.handOut(shares, sampled, end);
        noteStep(shares, end - begin);
        publishStats();
        return true;
    }

    /** Sequences that run for the first time no longer count as queued. */
    private void noteAdmissions() {
        for (Sequence sequence : scheduler.running()) {
            if (!sequence.isRestoring() && leaveQueue(sequence)) {
                outputs.admitted(sequence);
            }
        }
        outputs.deliver();
    }

    /**
     * @return whether the sequence counted as queued until now
     */
    private boolean leaveQueue(Sequence sequence) {
        if (!sequence.leaveQueueOnce()) {
            return false;
        }
        queuedRequests.decrementAndGet();
        queuedTokens.addAndGet(-sequence.request().promptLength());
        return true;
    }

    private void takeMessages() {
        for (Sequence sequence = inbox.poll(); sequence != null; sequence = inbox.poll()) {
            scheduler.queue().add(sequence);
            expect(sequence);
        }
        scheduler.queue().removeLeaving(this::endLeaving);
        for (Sequence sequence : List.copyOf(scheduler.running())) {
            if (sequence.isLeaving()) {
                scheduler.remove(sequence);
                endLeaving(sequence);
            }
        }
        outputs.deliver();
    }

    /** Its stored blocks may come nearer while it waits. */
    private void expect(Sequence sequence) {
        sequence.request()
                .tiers()
                .ifPresent(use -> traffic.expect(sequence.blocks(kv).from(0), use));
    }

    private void endLeaving(Sequence sequence) {
        leaveQueue(sequence);
        outputs.leave(sequence);
    }

    private void noteStep(List<Scheduler.Share> shares, long nanos) {
        int rows = shares.stream().mapToInt(Scheduler.Share::tokens).sum();
        listener.step(rows, nanos);
        if (shares.size() == 1) {
            Sequence only = shares.getFirst().sequence();
            traffic.computed(only.computedTokens() - rows, rows, nanos);
        }
        prefillRate.add(shares.size(), rows, nanos);
    }

    private void publishStats() {
        stats = new SchedulerStats(
                scheduler.running().size(),
                queuedRequests.get(),
                queuedTokens.get(),
                steps,
                scheduler.preemptions(),
                kv.stats());
    }

    private void cancelEverything() {
        for (Sequence sequence : List.copyOf(scheduler.running())) {
            sequence.cancel(CancelCause.SHUTDOWN);
            scheduler.remove(sequence);
            endLeaving(sequence);
        }
        scheduler.queue().cancelAll(CancelCause.SHUTDOWN);
        scheduler.queue().removeLeaving(this::endLeaving);
        outputs.deliver();
        List<String> violations = KvInvariants.check(kv.snapshot());
        if (!violations.isEmpty()) {
            throw new IllegalStateException("the KV cache was left unsound: " + violations);
        }
    }

    /** Sequences that came when nobody takes them any more. Safe for use by several threads. */
    private void cancelInbox() {
        for (Sequence sequence = inbox.poll(); sequence != null; sequence = inbox.poll()) {
            sequence.cancel(CancelCause.SHUTDOWN);
            endLeaving(sequence);
        }
        outputs.deliver();
    }

    /** The loop itself broke; its books are not to be trusted, so only the callers are told. */
    private void failEverything(Throwable cause) {
        ModelRunException failure = new ModelRunException("the step loop failed: " + cause, cause);
        List<Sequence> all = new ArrayList<>(scheduler.running());
        scheduler.queue().cancelAll(CancelCause.SHUTDOWN);
        scheduler.queue().removeLeaving(all::add);
        for (Sequence sequence : all) {
            if (sequence.status() != Sequence.Status.ENDED) {
                outputs.fail(sequence, failure);
            }
        }
        outputs.deliver();
    }

    public SchedulerStats stats() {
        return stats;
    }

    public boolean isDraining() {
        return draining;
    }

    /** Whether the loop broke; it takes no more work then, and only a new process helps. */
    public boolean hasFailed() {
        return failure != null;
    }

    /** Whether the queue takes one more request. */
    public boolean hasQueueRoom() {
        return queuedRequests.get() < config.maxQueuedRequests();
    }

    /** Whether the loop is alive, has turned within {@code atMost}, and its steps do not keep failing. */
    public boolean isHealthy(Duration atMost) {
        return thread.isAlive() && clock.nanos() - lastTurnNanos <= atMost.toNanos() && failedSteps < MAX_FAILED_STEPS;
    }

    /** Refuses new work and waits for what is there. */
    public boolean drain(Duration timeout) throws InterruptedException {
        draining = true;
        wake();
        return drained.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Ends what is still there and stops the thread; the KV pool may be freed afterwards. */
    @Override
    public void close() {
        draining = true;
        stopping = true;
        wake();
        if (thread.getState() == Thread.State.NEW) {
            return;
        }
        for (boolean interrupted = false; ; interrupted = true) {
            try {
                stopped.await();
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
                return;
            } catch (InterruptedException e) {
                // The pool may be freed only when the thread has ended: waits on.
            }
        }
    }
}
