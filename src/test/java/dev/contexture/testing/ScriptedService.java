package dev.contexture.testing;

import dev.contexture.session.InferenceService;
import dev.contexture.session.PromptRenderer;
import dev.contexture.session.dialect.CallOutcome;
import dev.contexture.session.dialect.DialectSettings;
import java.util.List;

/** A {@link ModellessService} whose answers are given texts. */
public final class ScriptedService {
    private final ScriptedGenerator generator = new ScriptedGenerator();
    private final ModellessService modelless;

    /**
     * @param style of the golden templates
     */
    public ScriptedService(String style, DialectSettings settings) {
        this.modelless = new ModellessService(style, settings, generator);
    }

    public ScriptedGenerator generator() {
        return generator;
    }

    /** What became of calls so far. */
    public List<CallOutcome> outcomes() {
        return modelless.outcomes();
    }

    public PromptRenderer renderer() {
        return modelless.renderer();
    }

    public InferenceService service() {
        return modelless.service();
    }
}
