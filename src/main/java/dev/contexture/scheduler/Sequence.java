package dev.contexture.scheduler;

import dev.contexture.constrain.Constraint;
import dev.contexture.core.SparsityMode;
import dev.contexture.core.SparsityUsage;
import dev.contexture.engine.Residency;
import dev.contexture.engine.SamplerState;
import dev.contexture.engine.SequenceSparsity;
import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.PrefixUse;
import dev.contexture.kv.SequenceBlocks;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One sequence's way through the scheduler. Its tokens are {@code [0, computed)} in the KV pool, {@code [computed, length)}
 * still to run; {@code computed < length} always, as the last token's row gives the next one.
 *
 * <p>Used by the loop's thread only, but for the cancel request and its outlet.
 */
final class Sequence implements TokenGenerator.SequenceHandle, BlockTraffic.RestoredSequence {
    enum Status {
        QUEUED,
        PREFILL,
        DECODE,
        ENDED
    }

    private final long id;
    private final SequenceRequest request;
    private final SamplerState sampler;
    private final SequenceSparsity sparsity;
    private final Outlet outlet;
    /** The sequence whose prompt this one shares; it is admitted once the leader has left prefill. */
    private final @Nullable Sequence leader;

    private final Runnable wakeLoop;
    private final long arrivalNanos;
    private int[] tokens;
    private int length;
    private int computed;
    private int cachedTokens;
    private Status status = Status.QUEUED;
    private boolean admittedBefore;
    private boolean countedAsQueued = true;
    private long admittedNanos;
    private long firstTokenNanos;
    private long lastTokenNanos;
    /** Of a sequence that waits; its tokens do not change meanwhile. */
    private @Nullable SequenceBlocks blocks;

    private BlockTraffic.Restore restore = BlockTraffic.Restore.NOTHING;
    private Optional<RestoreReport> restoreReport = Optional.empty();
    private boolean restoring;
    private boolean waiting;
    /** Blocks that came back were lost again: from now on it is computed. */
    private boolean lostBlocks;

    private volatile @Nullable CancelCause cancelCause;

    Sequence(
            long id,
            SequenceRequest request,
            long seed,
            SequenceSparsity sparsity,
            @Nullable Sequence leader,
            long arrivalNanos,
            Runnable wakeLoop) {
        this.id = id;
        this.request = request;
        this.tokens = request.promptTokens();
        this.length = tokens.length;
        this.sampler = new SamplerState(
                request.sampling(), seed, tokens, request.constraint().map(Constraint::begin));
        this.sparsity = sparsity;
        this.leader = leader;
        this.arrivalNanos = arrivalNanos;
        this.wakeLoop = wakeLoop;
        this.outlet = new Outlet(request.sink(), wakeLoop);
    }

    @Override
    public void cancel(CancelCause cause) {
        if (cancelCause == null) {
            cancelCause = cause;
            wakeLoop.run();
        }
    }

    @Nullable
    CancelCause cancelCause() {
        return cancelCause;
    }

    /** Whether it is to end before its next step: cancelled, or as its sink wants. */
    boolean isLeaving() {
        return cancelCause != null || outlet.word() != Outlet.Word.GO_ON;
    }

    /** Whether the sequence still counted as queued; from now on it does not. */
    boolean leaveQueueOnce() {
        boolean counted = countedAsQueued;
        countedAsQueued = false;
        return counted;
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public boolean selects(int count) {
        return sparsity.appliesTo(count);
    }

    @Override
    public boolean isDecoding() {
        return status == Status.DECODE;
    }

    @Override
    public void resume(Residency residency, float[] carried, int position) {
        sparsity.resume(residency, carried, position);
    }

    @Override
    public boolean takesApproximate() {
        return prefixUse() == PrefixUse.ANY;
    }

    @Override
    public int[] tokens(int from, int to) {
        return Arrays.copyOfRange(tokens, from, to);
    }

    PrefixUse prefixUse() {
        return request.sparsity().mode() == SparsityMode.DENSE ? PrefixUse.EXACT : PrefixUse.ANY;
    }

    SequenceRequest request() {
        return request;
    }

    Outlet outlet() {
        return outlet;
    }

    SamplerState sampler() {
        return sampler;
    }

    SequenceSparsity sparsity() {
        return sparsity;
    }

    Status status() {
        return status;
    }

    boolean isReady() {
        return leader == null || leader.status == Status.DECODE || leader.status == Status.ENDED;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public String cacheSalt() {
        return request.cacheSalt();
    }

    int pending() {
        return length - computed;
    }

    int computedTokens() {
        return computed;
    }

    int outputTokens() {
        return length - request.promptLength();
    }

    long arrivalNanos() {
        return arrivalNanos;
    }

    long admittedNanos() {
        return admittedNanos;
    }

    long firstTokenNanos() {
        return firstTokenNanos;
    }

    long lastTokenNanos() {
        return lastTokenNanos;
    }

    /** Its tokens in blocks: cut when admission is first thought of, and kept until the sequence leaves the queue. */
    SequenceBlocks blocks(KvCache kv) {
        require(Status.QUEUED);
        if (blocks == null) {
            blocks = kv.cut(Arrays.copyOf(tokens, length), request.cacheSalt());
        }
        return blocks;
    }

    /** Blocks from the token at {@code position} on, if one begins there. */
    static List<BlockSpan> missingBlocks(SequenceBlocks prompt, int position) {
        List<BlockSpan> blocks = prompt.from(position);
        return blocks.isEmpty() || blocks.getFirst().begin() != position ? List.of() : blocks;
    }

    /** The next {@code count} tokens whose KV is missing. */
    int[] nextTokens(int count) {
        return Arrays.copyOfRange(tokens, computed, computed + count);
    }

    void admit(int cached, long nanos) {
        require(Status.QUEUED);
        status = Status.PREFILL;
        blocks = null;
        computed = cached;
        if (!admittedBefore) {
            admittedBefore = true;
            admittedNanos = nanos;
            cachedTokens = cached;
        }
    }

    /** Blocks of its prompt may come back from other tiers; until then it is not computed. */
    void beginRestore(BlockTraffic.Restore blocksComing) {
        require(Status.PREFILL);
        restore = blocksComing;
        restoreReport = restoreReport.or(blocksComing::report);
        restoring = true;
        waiting = false;
    }

    /** What was decided about its stored blocks when it was first admitted; empty if it had none to look for. */
    Optional<RestoreReport> restoreReport() {
        return restoreReport;
    }

    /** Whether its blocks may come from other tiers. */
    boolean isRestorable() {
        return !lostBlocks;
    }

    /** Blocks that it relied on are gone. */
    void loseBlocks() {
        lostBlocks = true;
    }

    boolean isRestoring() {
        return restoring;
    }

    /** Whether its next block is on its way. */
    boolean isWaiting() {
        return waiting;
    }

    /** Takes in what came; ends the restore when there is nothing to wait for. */
    void restoreMore() {
        BlockTraffic.Restore.Turn turn = restore.turn();
        advance(turn.tokens());
        if (countedAsQueued) {
            cachedTokens += turn.tokens();
            restoreReport = restore.report();
        }
        waiting = turn.progress() == BlockTraffic.Restore.Progress.WAITING;
        if (turn.progress() == BlockTraffic.Restore.Progress.DONE) {
            endRestore();
        }
    }

    /** What is still missing is computed. */
    void endRestore() {
        restore = BlockTraffic.Restore.NOTHING;
        restoring = false;
        waiting = false;
    }

    /** Tokens of the prompt that were found, in the pool or in other tiers, when the sequence was first admitted. */
    int cachedTokens() {
        return cachedTokens;
    }

    void advance(int count) {
        computed += count;
        if (computed > length) {
            throw new IllegalStateException("sequence " + id + " computed " + computed + " of " + length + " tokens");
        }
    }

    /** A token was drawn and belongs to the output. */
    void append(int token, long nanos) {
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * length);
        }
        tokens[length++] = token;
        sampler.accept(token);
        status = Status.DECODE;
        sparsity.beginDecode();
        if (firstTokenNanos == 0) {
            firstTokenNanos = nanos;
        }
        lastTokenNanos = nanos;
    }

    /** Its pages are gone: all its tokens, output included, are computed again later. */
    void preempt() {
        status = Status.QUEUED;
        computed = 0;
        endRestore();
        sparsity.restart();
    }

    /** How its output was decoded so far. */
    SparsityUsage sparsityUsage() {
        return sparsity.usage();
    }

    /** Nothing more is computed for it. */
    void end() {
        if (status == Status.ENDED) {
            throw new IllegalStateException("sequence " + id + " has ended already");
        }
        status = Status.ENDED;
        blocks = null;
        endRestore();
        sparsity.release();
    }

    private void require(Status expected) {
        if (status != expected) {
            throw new IllegalStateException("sequence " + id + " is " + status + " instead of " + expected);
        }
    }
}
