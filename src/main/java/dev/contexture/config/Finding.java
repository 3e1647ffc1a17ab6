package dev.contexture.config;

/**
 * One thing that serving may need.
 *
 * @param what it is
 * @param words what is there, or what to do where it is missing
 */
record Finding(String what, State state, String words) {
    /** Whether it is there. */
    enum State {
        FOUND,
        MISSING,
        /** The settings do not ask for it; the words say whether it is there. */
        UNUSED
    }

    Finding unused() {
        return new Finding(what, State.UNUSED, words);
    }

    boolean isMissing() {
        return state == State.MISSING;
    }
}
