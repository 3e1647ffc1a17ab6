package dev.contexture.model.template;

import java.time.ZonedDateTime;

/** One rendering, as functions and filters see it. */
interface Rendering {
    /**
     * Pays for work: one unit is about one character or item touched.
     *
     * @throws EvaluationException if the rendering has used up what it may
     */
    void charge(long units);

    Value filter(String name, Value target, Arguments arguments);

    boolean test(String name, Value target, Arguments arguments);

    ZonedDateTime now();
}
