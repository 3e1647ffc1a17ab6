package dev.contexture.api;

import dev.contexture.session.InferenceService;
import org.jspecify.annotations.Nullable;

/** Checks which model a request names. */
final class ServedModel {
    private ServedModel() {}

    static void require(@Nullable String asked, InferenceService service) {
        if (asked == null) {
            throw InvalidRequestException.missing("model");
        }
        requireIfGiven(asked, service);
    }

    static void requireIfGiven(@Nullable String asked, InferenceService service) {
        String served = service.model().id();
        if (asked != null && !asked.equals(served)) {
            throw new UnknownModelException(asked, served);
        }
    }
}
