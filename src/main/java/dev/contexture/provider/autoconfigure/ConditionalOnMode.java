package dev.contexture.provider.autoconfigure;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.context.annotation.Conditional;

/** On the switch between both ways. */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Conditional(OnMode.class)
@interface ConditionalOnMode {
    /** Of the property {@code mode}. */
    String prefix();

    ProviderMode mode();
}
