package dev.contexture.scheduler;

import dev.contexture.engine.ModelRunException;
import dev.contexture.engine.StepPlan;
import dev.contexture.engine.StepPlan.SequenceStep;
import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.KnownBlock;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.PrefixUse;
import dev.contexture.kv.SequenceBlocks;
import dev.contexture.kv.SlotRequest;
import dev.contexture.kv.tier.TierUse;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who takes part in the next step.
 *
 * <p>Continuous batching: decode rows first, then prefill chunks in order of admission, within a budget of rows. When pages
 * run out, the youngest sequence gives its pages back and is computed again later, output included; the oldest always
 * advances, so every step makes progress. Used by the loop's thread only.
 */
final class Scheduler {
    private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);

    private final KvCache kv;
    private final SchedulerConfig config;
    private final SchedulerListener listener;
    private final BlockTraffic traffic;
    private final NanoClock clock;
    private final PrefillQueue queue = new PrefillQueue();
    /** In order of admission; the last is the youngest. */
    private final List<Sequence> running = new ArrayList<>();

    private long preemptions;

    Scheduler(KvCache kv, SchedulerConfig config, SchedulerListener listener, BlockTraffic traffic, NanoClock clock) {
        this.kv = kv;
        this.config = config;
        this.listener = listener;
        this.traffic = traffic;
        this.clock = clock;
    }

    /** One sequence's share of a step. */
    record Share(Sequence sequence, int tokens) {}

    PrefillQueue queue() {
        return queue;
    }

    List<Sequence> running() {
        return running;
    }

    long preemptions() {
        return preemptions;
    }

    boolean isIdle() {
        return running.isEmpty() && queue.isEmpty();
    }

    /** Takes in the blocks of admitted sequences that came back. */
    void restore() {
        for (Sequence sequence : running) {
            if (sequence.isRestoring()) {
                sequence.restoreMore();
            }
        }
    }

    /** Whether sequences have blocks that the next turn can take in. */
    boolean restoresMore() {
        return running.stream().anyMatch(sequence -> sequence.isRestoring() && !sequence.isWaiting());
    }

    /** Whether sequences wait for blocks that are on their way. */
    boolean waitsForBlocks() {
        return running.stream().anyMatch(Sequence::isWaiting);
    }

    /** Shares of the next step; empty when there is nothing to run. */
    List<Share> plan() {
        List<Share> shares = new ArrayList<>();
        Budget budget = new Budget();
        for (Sequence sequence : List.copyOf(running)) {
            if (sequence.status() == Sequence.Status.DECODE && sequence.pending() == 1) {
                planDecode(sequence, shares, budget);
            }
        }
        for (Sequence sequence : List.copyOf(running)) {
            if (sequence.status() != Sequence.Status.QUEUED && !isPlanned(sequence, shares)) {
                planPrefill(sequence, shares, budget);
            }
        }
        admit(shares, budget);
        if (shares.isEmpty() && running.stream().anyMatch(sequence -> !sequence.isRestoring())) {
            makeRoomForOldest(shares, budget);
        }
        return shares;
    }

    /** Rows and pages that this step may still use. */
    private final class Budget {
        private int rows = config.maxStepTokens();
        private int pages = kv.availablePages();

        void spend(Sequence sequence, int tokens) {
            rows -= tokens;
            pages -= kv.missingPages(sequence.id(), tokens);
        }
    }

    private static boolean isPlanned(Sequence sequence, List<Share> shares) {
        return shares.stream().anyMatch(share -> share.sequence == sequence);
    }

    private void planDecode(Sequence sequence, List<Share> shares, Budget budget) {
        while (sequence.status() == Sequence.Status.DECODE && kv.missingPages(sequence.id(), 1) > budget.pages) {
            preemptYoungest(shares, budget);
        }
        if (sequence.status() == Sequence.Status.DECODE && budget.rows > 0) {
            budget.spend(sequence, 1);
            shares.add(new Share(sequence, 1));
        }
    }

    private void planPrefill(Sequence sequence, List<Share> shares, Budget budget) {
        if (sequence.isRestoring()) {
            return;
        }
        int most = sequence.sparsity().mostRows();
        int tokens = most < sequence.pending()
                ? Math.min(most, budget.rows)
                : chunk(sequence.pending(), budget.rows, !shares.isEmpty());
        while (tokens > 0 && kv.missingPages(sequence.id(), tokens) > budget.pages) {
            tokens -= 1 + (tokens - 1) % kv.pageTokens();
        }
        if (tokens > 0) {
            budget.spend(sequence, tokens);
            shares.add(new Share(sequence, tokens));
        }
    }

    /**
     * Rows of the next chunk. A chunk of a single row runs through other products than longer ones and is rounded
     * otherwise, so neither this chunk nor the rest of the prompt is one row if that can be helped.
     */
    static int chunk(int pending, int rows, boolean othersRun) {
        int tokens = Math.min(pending, rows);
        if (pending - tokens == 1 && tokens > 2) {
            tokens--;
        }
        return tokens == 1 && pending > 1 && othersRun ? 0 : tokens;
    }

    private void admit(List<Share> shares, Budget budget) {
        while (budget.rows > 0 && running.size() < config.maxRunning()) {
            Optional<Sequence> next = queue.peek();
            if (next.isEmpty()) {
                return;
            }
            Sequence sequence = next.get();
            SequenceBlocks prompt = sequence.blocks(kv);
            PrefixUse use = sequence.prefixUse();
            // One page of reserve per running sequence, so that a newcomer is not preempted at once. What admission
            // itself takes comes out of the same pages that others may have been promised. Who would be alone has all
            // pages, also those that its known prefix fills.
            if (!running.isEmpty() && budget.pages - kv.pagesToAdmit(prompt, use) <= running.size()) {
                return;
            }
            queue.remove(sequence);
            int cached = kv.admit(sequence.id(), prompt, use);
            budget.pages = kv.availablePages() - reservedPages(shares);
            running.add(sequence);
            List<BlockSpan> missing = Sequence.missingBlocks(prompt, cached);
            sequence.admit(cached, clock.nanos());
            sequence.request()
                    .tiers()
                    .filter(tiers -> sequence.isRestorable())
                    .ifPresent(tiers -> sequence.beginRestore(traffic.restore(sequence, missing, tiers)));
            planPrefill(sequence, shares, budget);
        }
    }

    private int reservedPages(List<Share> shares) {
        return shares.stream()
                .mapToInt(s -> kv.missingPages(s.sequence.id(), s.tokens))
                .sum();
    }

    /** Every page is taken by sequences of which none can go on: the youngest make room for the oldest. */
    private void makeRoomForOldest(List<Share> shares, Budget budget) {
        running.forEach(Sequence::endRestore);
        Sequence oldest = running.getFirst();
        planPrefill(oldest, shares, budget);
        while (shares.isEmpty() && running.size() > 1) {
            preemptYoungest(shares, budget);
            planPrefill(oldest, shares, budget);
        }
        if (shares.isEmpty()) {
            throw new IllegalStateException("sequence " + oldest.id() + " with " + oldest.length()
                    + " tokens does not fit the pool of " + kv.capacityTokens());
        }
    }

    private void preemptYoungest(List<Share> shares, Budget budget) {
        Sequence youngest = running.removeLast();
        shares.removeIf(share -> share.sequence == youngest);
        kv.release(youngest.id());
        youngest.preempt();
        queue.addPreempted(youngest);
        preemptions++;
        listener.preempted();
        budget.pages = kv.availablePages() - reservedPages(shares);
        budget.rows =
                config.maxStepTokens() - shares.stream().mapToInt(Share::tokens).sum();
    }

    StepPlan toPlan(List<Share> shares) {
        List<SequenceStep> steps = new ArrayList<>();
        for (Share share : shares) {
            Sequence sequence = share.sequence;
            boolean reachesEnd = share.tokens == sequence.pending();
            steps.add(new SequenceStep(
                    new SlotRequest(sequence.id(), sequence.nextTokens(share.tokens)),
                    reachesEnd ? Optional.of(sequence.sampler()) : Optional.empty(),
                    Optional.of(sequence.sparsity())));
        }
        return new StepPlan(steps);
    }

    /** The sequence leaves; its pages go back to the pool. */
    void remove(Sequence sequence) {
        if (!running.remove(sequence)) {
            throw new IllegalStateException("sequence " + sequence.id() + " is not running");
        }
        sequence.request().tiers().ifPresent(use -> leave(sequence, use));
        kv.release(sequence.id());
    }

    private void leave(Sequence sequence, TierUse use) {
        List<KnownBlock> blocks = kv.knownBlocks(sequence.id());
        Optional<float[]> carried = blocks.isEmpty() || !use.storesApproximate()
                ? Optional.empty()
                : carried(sequence, blocks.getLast().span().end());
        traffic.leave(new BlockTraffic.Left(blocks, carried, sequence.sparsity().lastSelection()), use);
    }

    /** A device that cannot be read any more must not keep sequences from ending. */
    private static Optional<float[]> carried(Sequence sequence, int position) {
        try {
            return sequence.sparsity().carriedTo(position);
        } catch (ModelRunException e) {
            LOG.warn("A session will not come back in part: {}", e.getMessage());
            return Optional.empty();
        }
    }

    /** A sequence that lost blocks gives its pages back and is computed again, as if it had been preempted. */
    void recompute(long sequenceId) {
        Sequence sequence = running.stream()
                .filter(each -> each.id() == sequenceId)
                .findFirst()
                .orElseThrow();
        running.remove(sequence);
        kv.release(sequence.id());
        sequence.loseBlocks();
        sequence.preempt();
        queue.addPreempted(sequence);
    }
}
