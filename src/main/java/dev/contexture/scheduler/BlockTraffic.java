package dev.contexture.scheduler;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.engine.Engine;
import dev.contexture.engine.Residency;
import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.KnownBlock;
import dev.contexture.kv.tier.TierUse;
import java.util.List;
import java.util.Optional;

/**
 * Blocks on their way between the KV pool and the tiers below it. Used by the loop's thread only; no call waits, and what one
 * turn moves is bounded.
 */
public interface BlockTraffic {
    /** Nothing is stored and nothing comes back. */
    BlockTraffic NONE = new BlockTraffic() {
        @Override
        public boolean turn(long stepNanos) {
            return false;
        }

        @Override
        public void expect(List<BlockSpan> blocks, TierUse use) {}

        @Override
        public Restore restore(RestoredSequence sequence, List<BlockSpan> blocks, TierUse use) {
            return Restore.NOTHING;
        }

        @Override
        public void leave(Left left, TierUse use) {}

        @Override
        public void computed(int from, int tokens, long nanos) {}

        @Override
        public boolean idle(Engine engine) {
            return false;
        }
    };

    /**
     * Once per turn, before planning: takes in what came, and stores more of what sequences left behind.
     *
     * @param stepNanos what the turn before took for its step, which those that run have waited for; 0: nothing ran
     * @return whether there is more to store
     */
    boolean turn(long stepNanos);

    /** Blocks that a waiting request will want, from the beginning of its prompt on. */
    void expect(List<BlockSpan> blocks, TierUse use);

    /**
     * What brings a sequence's blocks back that the pool does not have.
     *
     * @param blocks those of its prompt that begin at its first missing token or behind it
     */
    Restore restore(RestoredSequence sequence, List<BlockSpan> blocks, TierUse use);

    /** A sequence ends: its blocks are stored as long as the pool still has them. */
    void leave(Left left, TierUse use);

    /**
     * What a sequence leaves behind.
     *
     * @param blocks that are complete, in order
     * @param carried what its retriever carried behind the last of them
     * @param selected by its last step
     */
    record Left(List<KnownBlock> blocks, Optional<float[]> carried, Optional<SelectionMatrix> selected) {
        public Left {
            blocks = List.copyOf(blocks);
        }
    }

    /** A step computed the tokens {@code [from, from + tokens)} of one sequence, and nothing else to speak of. */
    void computed(int from, int tokens, long nanos);

    /**
     * Nothing else is to be done: what can wait for that is done now, a step's worth of it.
     *
     * @return whether there was something
     */
    boolean idle(Engine engine);

    /** The sequence that blocks are brought back for. */
    interface RestoredSequence {
        long id();

        /** All its tokens. */
        int length();

        /** What keeps its prefixes apart from those of others. */
        String cacheSalt();

        /** Whether blocks that were computed by attending to selections will do. */
        boolean takesApproximate();

        /** The tokens {@code [from, to)}. */
        int[] tokens(int from, int to);

        /** Whether it is decoded sparsely once it has so many tokens. */
        boolean selects(int tokens);

        /** Whether it has drawn a token. */
        boolean isDecoding();

        /** Goes on at {@code position}, while earlier keys and values come when a selection wants them. */
        void resume(Residency residency, float[] carried, int position);
    }

    /** A sequence's blocks on their way back. */
    interface Restore {
        Restore NOTHING = new Restore() {
            @Override
            public Turn turn() {
                return new Turn(0, Progress.DONE);
            }

            @Override
            public Optional<RestoreReport> report() {
                return Optional.empty();
            }
        };

        /** What comes next. */
        enum Progress {
            /** More is there; it was too much for one turn. */
            MORE,
            /** The next block is on its way, and worth waiting for. */
            WAITING,
            /** What is still missing is to be computed. */
            DONE
        }

        /**
         * What a turn came to.
         *
         * @param tokens that are in the pool now and were not before
         */
        record Turn(int tokens, Progress progress) {}

        /** Moves what is there. */
        Turn turn();

        /** What was decided; empty if there was nothing to decide. */
        Optional<RestoreReport> report();
    }
}
