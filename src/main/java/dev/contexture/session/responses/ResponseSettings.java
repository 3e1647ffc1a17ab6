package dev.contexture.session.responses;

import java.util.Map;
import java.util.Optional;

/**
 * What was asked for beside the input, as it is told again.
 *
 * @param instructions the model's first message for this response alone
 * @param format of the answer's text
 * @param reasoningEffort how much the model is to think, where its template knows of that
 * @param maxOutputTokens as many as the context allows if absent
 * @param user who asks, in the caller's own terms
 */
public record ResponseSettings(
        Optional<String> instructions,
        AnswerFormat format,
        AskedTools tools,
        Optional<String> reasoningEffort,
        float temperature,
        float topP,
        Optional<Integer> maxOutputTokens,
        Map<String, String> metadata,
        Optional<String> user,
        Optional<String> safetyIdentifier,
        Optional<String> promptCacheKey) {
    private static final int MOST_METADATA = 16;
    private static final int MOST_METADATA_KEY_CHARS = 64;
    private static final int MOST_METADATA_VALUE_CHARS = 512;

    public ResponseSettings {
        metadata = Map.copyOf(metadata);
        if (metadata.size() > MOST_METADATA) {
            throw new IllegalArgumentException(
                    "metadata may have " + MOST_METADATA + " entries but has " + metadata.size());
        }
        metadata.forEach((key, value) -> {
            if (key.length() > MOST_METADATA_KEY_CHARS || value.length() > MOST_METADATA_VALUE_CHARS) {
                throw new IllegalArgumentException("metadata keys may have " + MOST_METADATA_KEY_CHARS
                        + " characters and values " + MOST_METADATA_VALUE_CHARS + ", but '"
                        + key.substring(0, Math.min(key.length(), MOST_METADATA_KEY_CHARS)) + "' is longer");
            }
        });
    }
}
