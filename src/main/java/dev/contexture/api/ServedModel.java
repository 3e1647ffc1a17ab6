package dev.contexture.api;

import dev.contexture.session.InferenceService;
import org.jspecify.annotations.Nullable;

/** Checks which model a request names. */
final class ServedModel {
    private ServedModel() {}

    static void require(@Nullable String asked, InferenceService service) {
        require(asked, service.model().id());
    }

    /**
     * @param served the only model of that kind
     */
    static void require(@Nullable String asked, String served) {
        if (asked == null) {
            throw InvalidRequestException.missing("model");
        }
        requireIfGiven(asked, served);
    }

    static void requireIfGiven(@Nullable String asked, InferenceService service) {
        requireIfGiven(asked, service.model().id());
    }

    private static void requireIfGiven(@Nullable String asked, String served) {
        if (asked != null && !asked.equals(served)) {
            throw new UnknownModelException(asked, served);
        }
    }
}
