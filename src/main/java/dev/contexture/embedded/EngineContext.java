package dev.contexture.embedded;

import dev.contexture.config.StandaloneEngine;
import dev.contexture.session.InferenceService;
import dev.contexture.session.SessionService;
import dev.contexture.session.embedding.EmbeddingService;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.springframework.beans.BeansException;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;

/** The context that holds an embedded engine, closed with it. */
final class EngineContext {
    private EngineContext() {}

    /** What is wrong comes without the container's words around it. */
    static EmbeddedContexture open(Map<String, Object> settings) {
        try {
            return open(List.of(new MapPropertySource("contexture", settings)), context -> {});
        } catch (BeansException e) {
            if (NestedExceptionUtils.getMostSpecificCause(e) instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    /**
     * @param more adds to the context before it starts
     */
    static EmbeddedContexture open(
            Iterable<PropertySource<?>> settings, Consumer<AnnotationConfigApplicationContext> more) {
        AnnotationConfigApplicationContext context = StandaloneEngine.context(settings);
        more.accept(context);
        try {
            context.refresh();
            return new EmbeddedContexture(
                    context,
                    context.getBean(InferenceService.class),
                    context.getBean(SessionService.class),
                    Optional.ofNullable(
                            context.getBeanProvider(EmbeddingService.class).getIfAvailable()));
        } catch (RuntimeException e) {
            context.close();
            throw e;
        }
    }
}
