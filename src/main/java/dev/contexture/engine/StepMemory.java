package dev.contexture.engine;

/** Makes room for a step before its slots are reserved. Used by the loop's thread only. */
public interface StepMemory {
    /** Room is what it is. */
    StepMemory FIXED = new StepMemory() {
        @Override
        public void before(StepPlan plan) {}

        @Override
        public void after() {}
    };

    void before(StepPlan plan);

    /** The step has run. */
    void after();
}
