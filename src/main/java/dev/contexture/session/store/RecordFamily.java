package dev.contexture.session.store;

/** Kinds of records that are kept apart. */
public enum RecordFamily {
    /** Conversations as resources. */
    SESSION("ctx:ses:"),
    /** Conversations that responses are part of. */
    CONVERSATION("ctx:cnv:"),
    RESPONSE("ctx:rsp:");

    private final String prefix;

    RecordFamily(String prefix) {
        this.prefix = prefix;
    }

    /** Of names in Redis. */
    String prefix() {
        return prefix;
    }
}
