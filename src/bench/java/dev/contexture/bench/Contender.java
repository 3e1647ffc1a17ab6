package dev.contexture.bench;

/** An engine that can be measured. All calls answer the wall-clock seconds of the work itself, set-up excluded. */
interface Contender extends AutoCloseable {
    String name();

    /** One empty sequence takes {@code tokens} tokens, up to the logits of the last one. */
    double prefillSeconds(int tokens);

    /** {@code sequences} sequences with {@code context} tokens each advance by {@code steps} tokens together. */
    double decodeSeconds(int sequences, int context, int steps);

    @Override
    void close();
}
