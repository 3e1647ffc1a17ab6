package dev.contexture.session.dialect;

/** Finds calls in an answer's text, one class per format. */
sealed interface CallParser permits HermesCalls, LlamaCalls, MistralCalls {
    void next(char c);

    /** The answer ends here: what is held back is given up. */
    void finish();
}
