package dev.contexture.engine;

/** Hears how steps select, for metrics. Called on the loop's thread; must not block or throw. */
public interface SelectionListener {
    /** Hears nothing. */
    SelectionListener NONE = new SelectionListener() {
        @Override
        public void selected(int rows, int reusedRows, double meanMass, long nanos) {}

        @Override
        public void fellBack(FallbackCause cause) {}

        @Override
        public void observed(int rows, long nanos) {}
    };

    /** Why a row that should have been sparse attended to everything. */
    enum FallbackCause {
        /** The selection held too little of the head's attention. */
        LOW_MASS,
        /** The token before was not seen by this sequence, so the head has no query. */
        NO_QUERY,
        /** The sequence's blocks are not described: none has ended yet, or there is no room for more descriptors. */
        NO_DESCRIPTORS
    }

    /** Rows of a step got selections, some of them those of an earlier step. */
    void selected(int rows, int reusedRows, double meanMass, long nanos);

    void fellBack(FallbackCause cause);

    /** What the next selections need was kept of a step of so many rows. */
    void observed(int rows, long nanos);
}
