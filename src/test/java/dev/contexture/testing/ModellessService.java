package dev.contexture.testing;

import dev.contexture.constrain.Constraints;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityPolicy;
import dev.contexture.model.template.ChatTemplate;
import dev.contexture.scheduler.TokenGenerator;
import dev.contexture.session.DefaultInferenceService;
import dev.contexture.session.InferenceService;
import dev.contexture.session.PromptRenderer;
import dev.contexture.session.TemplateRenderer;
import dev.contexture.session.dialect.CallOutcome;
import dev.contexture.session.dialect.DialectProbe;
import dev.contexture.session.dialect.DialectSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.scheduler.Schedulers;

/** The one entry point with everything behind it but a model: tokens of {@link ByteTokenizer} come from whatever is given. */
public final class ModellessService {
    public static final String MODEL = "scripted";

    private final List<CallOutcome> outcomes = Collections.synchronizedList(new ArrayList<>());
    private final PromptRenderer renderer;
    private final InferenceService service;

    /**
     * @param style of the golden templates
     */
    public ModellessService(String style, DialectSettings settings, TokenGenerator generator) {
        ChatTemplate template = ChatTemplate.of(source(style), "<s>", "</s>");
        this.renderer = new TemplateRenderer(template, DialectProbe.of(template, settings));
        AtomicInteger ids = new AtomicInteger();
        this.service = new DefaultInferenceService(
                new ByteTokenizer(),
                renderer,
                generator,
                SparsityPolicy.DENSE_ONLY,
                Optional.empty(),
                new InferenceService.ModelDescription(
                        MODEL,
                        generator.contextLength(),
                        0,
                        "f",
                        new InferenceService.SparsityDescription(Sparsity.DENSE, 1, "none")),
                () -> "id" + ids.incrementAndGet(),
                outcomes::add,
                new Constraints(new ByteTokens(), Runnable::run, () -> 0),
                Schedulers.immediate(),
                Schedulers.parallel());
    }

    private static String source(String style) {
        try (InputStream in = ModellessService.class.getResourceAsStream("/golden/templates/" + style + ".jinja")) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What became of calls so far. */
    public List<CallOutcome> outcomes() {
        return outcomes;
    }

    public PromptRenderer renderer() {
        return renderer;
    }

    public InferenceService service() {
        return service;
    }
}
