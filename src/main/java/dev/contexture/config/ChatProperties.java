package dev.contexture.config;

import dev.contexture.session.dialect.ArgumentDelivery;
import dev.contexture.session.dialect.CallFormat;
import dev.contexture.session.dialect.DialectSettings;
import dev.contexture.session.dialect.DialectSettings.Thoughts;
import dev.contexture.session.dialect.ThinkTags;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the model's answers are read.
 *
 * @param toolFormat of calls: auto (by the chat template) or a format's name
 * @param toolArguments when they are passed on: checked or as-drawn
 * @param reasoningTags auto (those that the chat template mentions), none, or two tags with a blank between them
 */
@ConfigurationProperties("contexture.chat")
public record ChatProperties(
        @DefaultValue("auto") String toolFormat,
        @DefaultValue("checked") ArgumentDelivery toolArguments,
        @DefaultValue("auto") String reasoningTags) {
    private static final String AUTO = "auto";

    /**
     * @throws IllegalArgumentException names the setting
     */
    DialectSettings settings() {
        return new DialectSettings(format(), toolArguments, thoughts());
    }

    private Optional<CallFormat> format() {
        if (toolFormat.equals(AUTO)) {
            return Optional.empty();
        }
        return Optional.of(Arrays.stream(CallFormat.values())
                .filter(format -> name(format).equals(toolFormat))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("contexture.chat.tool-format must be auto, "
                        + Arrays.stream(CallFormat.values())
                                .map(ChatProperties::name)
                                .collect(Collectors.joining(", "))
                        + " but is '" + toolFormat + "'")));
    }

    private static String name(CallFormat format) {
        return format.name().toLowerCase(Locale.ROOT);
    }

    private Thoughts thoughts() {
        String[] tags = reasoningTags.strip().split("\\s+");
        if (tags.length == 2) {
            return new Thoughts.Given(new ThinkTags(tags[0], tags[1]));
        }
        return switch (tags[0]) {
            case AUTO -> new Thoughts.ByTemplate();
            case "none" -> new Thoughts.None();
            default ->
                throw new IllegalArgumentException(
                        "contexture.chat.reasoning-tags must be auto, none or two tags such as '<think> </think>' but is '"
                                + reasoningTags + "'");
        };
    }
}
