package dev.contexture.config;

import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/** Measures a standalone engine; apart from it, as Micrometer need not be there. */
public final class EngineMeters {
    private EngineMeters() {}

    /**
     * @param registry of somebody else, who closes it
     */
    public static void add(AnnotationConfigApplicationContext context, MeterRegistry registry) {
        context.getBeanFactory().registerSingleton("meterRegistry", registry);
        context.register(MetricsConfiguration.class);
    }
}
