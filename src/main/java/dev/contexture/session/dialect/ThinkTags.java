package dev.contexture.session.dialect;

import java.util.List;
import java.util.Optional;

/** Between what a model's thoughts stand. */
public record ThinkTags(String open, String close) {
    static final List<ThinkTags> KNOWN =
            List.of(new ThinkTags("<think>", "</think>"), new ThinkTags("[THINK]", "[/THINK]"));

    public ThinkTags {
        if (open.isBlank() || close.isBlank() || open.equals(close)) {
            throw new IllegalArgumentException(
                    "tags of thoughts are two different texts, but not '" + open + "' and '" + close + "'");
        }
    }

    /** Those that a chat template mentions. */
    static Optional<ThinkTags> in(String template) {
        return KNOWN.stream().filter(tags -> template.contains(tags.close)).findFirst();
    }

    /** Whether the answer to this prompt begins within a thought. */
    boolean isOpenAtEnd(String prompt) {
        return prompt.stripTrailing().endsWith(open);
    }
}
