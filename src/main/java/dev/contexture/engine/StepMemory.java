package dev.contexture.engine;

import dev.contexture.kv.SlotRequest;

/** Makes room for a step before its slots are reserved. Used by the loop's thread only. */
public interface StepMemory {
    /** Room is what it is. */
    StepMemory FIXED = new StepMemory() {
        @Override
        public void before(StepPlan plan) {}

        @Override
        public void after() {}

        @Override
        public void makeRoom(SlotRequest brought) {}
    };

    void before(StepPlan plan);

    /** The step has run. */
    void after();

    /** Between steps: room for tokens that are brought instead of being computed, as far as there can be. */
    void makeRoom(SlotRequest brought);
}
