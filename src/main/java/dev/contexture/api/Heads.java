package dev.contexture.api;

import dev.contexture.session.InferenceService;
import java.time.InstantSource;
import java.util.function.Supplier;

/** Makes the heads of answers. */
public final class Heads {
    private final InferenceService service;
    private final InstantSource clock;
    private final Supplier<String> ids;

    public Heads(InferenceService service, InstantSource clock, Supplier<String> ids) {
        this.service = service;
        this.clock = clock;
        this.ids = ids;
    }

    String id(String prefix) {
        return prefix + ids.get();
    }

    CompletionHead next(String idPrefix) {
        InferenceService.ModelDescription model = service.model();
        return new CompletionHead(
                idPrefix + ids.get(), clock.instant().getEpochSecond(), model.id(), "fp_" + model.fingerprint());
    }
}
