package dev.contexture.provider.autoconfigure;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** What {@link ConditionalOnMode} asks. Without a mode it is embedded, which then needs an engine that the application brings. */
final class OnMode extends SpringBootCondition {
    @Override
    public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
        Map<String, @Nullable Object> asked = metadata.getAnnotationAttributes(ConditionalOnMode.class.getName());
        if (asked == null) {
            throw new IllegalStateException("the condition stands without its annotation");
        }
        String property = asked.get("prefix") + ".mode";
        String wanted = String.valueOf(asked.get("mode")).toLowerCase(Locale.ROOT);
        String found =
                context.getEnvironment().getProperty(property, "embedded").toLowerCase(Locale.ROOT);
        return new ConditionOutcome(
                found.equals(wanted),
                ConditionMessage.forCondition(ConditionalOnMode.class).because(property + " is " + found));
    }
}
