package dev.contexture.service;

import dev.contexture.Application;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.boot.test.context.SpringBootTest;

/** The whole service on random ports with the default model. All classes with this annotation share one. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@SpringBootTest(
        classes = Application.class,
        useMainMethod = SpringBootTest.UseMainMethod.ALWAYS,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "management.server.port=0",
            "contexture.data-dir=target/test-data",
            // Soon full, so that growth of memory is not that of a cache.
            "contexture.kv.host-bytes=32MB",
            "contexture.api.keep-alive=500ms",
            "contexture.api.body-timeout=2s"
        })
public @interface ServiceTest {}
