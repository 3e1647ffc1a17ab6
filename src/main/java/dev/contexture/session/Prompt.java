package dev.contexture.session;

import java.util.List;
import java.util.Map;

/** What the model reads. */
public sealed interface Prompt {
    /**
     * A conversation, rendered by the model's chat template.
     *
     * @param messages as the template expects them: maps with role, content and perhaps tool calls
     * @param tools function definitions as the template expects them; empty for none
     * @param templateArguments further variables for the template
     */
    record Chat(
            List<Map<String, Object>> messages, List<Map<String, Object>> tools, Map<String, Object> templateArguments)
            implements Prompt {
        public Chat {
            messages = List.copyOf(messages);
            tools = List.copyOf(tools);
            templateArguments = Map.copyOf(templateArguments);
        }
    }

    /** Text to go on from, without a template. */
    record Text(String text) implements Prompt {}

    /** Token ids to go on from. */
    record Tokens(List<Integer> tokenIds) implements Prompt {
        public Tokens {
            tokenIds = List.copyOf(tokenIds);
        }
    }

    /** A conversation whose tokens are known already. */
    @SuppressWarnings("ArrayRecordComponent")
    record Encoded(int[] tokens) implements Prompt {}
}
