package dev.contexture.session.dialect;

/** When a call's arguments are passed on. */
public enum ArgumentDelivery {
    /** Once the call is complete and sound; what breaks is text. */
    CHECKED,
    /** As they are drawn. A call that breaks behind the beginning of its arguments stays a call, with what it has. */
    AS_DRAWN
}
