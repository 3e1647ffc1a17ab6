package dev.contexture.session.dialect;

import java.util.Optional;

/**
 * What is not left to a chat template's text.
 *
 * @param format of calls; empty: by the template
 * @param thoughts how tags of thoughts are found
 */
public record DialectSettings(Optional<CallFormat> format, ArgumentDelivery delivery, Thoughts thoughts) {
    public static final DialectSettings AUTO =
            new DialectSettings(Optional.empty(), ArgumentDelivery.CHECKED, new Thoughts.ByTemplate());

    /** How tags of thoughts are found. */
    public sealed interface Thoughts {
        /** Those that the template mentions. */
        record ByTemplate() implements Thoughts {}

        /** Answers have none. */
        record None() implements Thoughts {}

        record Given(ThinkTags tags) implements Thoughts {}
    }
}
