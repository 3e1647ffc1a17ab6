package dev.contexture.core;

/** What decode rows attend to. Whatever the mode, a context that fits the budget is attended whole. */
public enum SparsityMode {
    /** The server's choice. */
    AUTO,
    /** Everything. */
    DENSE,
    /** Sinks, recent window and single tokens chosen by the retrieval head (SpeContext as published). */
    TOKENS,
    /** Sinks, recent window and whole semantic blocks (DynSplit-KV as published). */
    BLOCKS,
    /** Single tokens out of the semantic blocks that are resident. */
    TWO_LEVEL
}
