package dev.contexture.session;

/** Hears of turns, for metrics. Called on any thread; must not block or throw. */
public interface TurnListener {
    /** What became of a turn. */
    enum TurnEnd {
        /** Part of the session. */
        COMMITTED,
        /** The client went away; what was made so far is part of the session. */
        KEPT,
        /** The client went away; nothing is left of it. */
        ROLLED_BACK,
        /** The model or the request failed; nothing is left of it. */
        FAILED,
        /** Another replica went on with the session, or it was deleted; nothing is left of it. */
        TAKEN_OVER,
        /** The answer was given, but the store could not be reached to write it. */
        NOT_WRITTEN,
        /** Not begun, as another turn of the session ran. */
        BUSY
    }

    TurnListener NONE = new TurnListener() {
        @Override
        public void began() {}

        @Override
        public void ended(TurnEnd end) {}
    };

    /** A turn's answer is being made. */
    void began();

    void ended(TurnEnd end);
}
