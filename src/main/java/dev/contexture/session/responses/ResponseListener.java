package dev.contexture.session.responses;

/** Hears of responses, for metrics. Called on any thread; must not block or throw. */
public interface ResponseListener {
    /** Why an answer that was given was not kept although that was asked for. */
    enum NotStored {
        /** The store could not be reached, or has no room without Redis. */
        STORE,
        /** The record or its conversation would have been too large. */
        TOO_LARGE
    }

    ResponseListener NONE = new ResponseListener() {
        @Override
        public void began() {}

        @Override
        public void ended(ResponseStatus status) {}

        @Override
        public void left() {}

        @Override
        public void notStored(NotStored why) {}

        @Override
        public void evicted() {}
    };

    /** One is being made, and can be asked for and cancelled. */
    void began();

    void ended(ResponseStatus status);

    /** The client went away before the end; nothing is left of it. */
    void left();

    void notStored(NotStored why);

    /** An old one went as its tenant had too many. */
    void evicted();
}
