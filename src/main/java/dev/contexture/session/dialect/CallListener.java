package dev.contexture.session.dialect;

/** Hears of calls in answers, for metrics. Called on any thread; must not block or throw. */
@FunctionalInterface
public interface CallListener {
    CallListener NONE = outcome -> {};

    void ended(CallOutcome outcome);
}
