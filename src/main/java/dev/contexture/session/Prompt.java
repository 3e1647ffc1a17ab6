package dev.contexture.session;

import dev.contexture.session.dialect.AnswerForm;
import dev.contexture.session.dialect.ToolUse;
import java.util.List;
import java.util.Map;

/** What the model reads. */
public sealed interface Prompt {
    /**
     * A conversation, rendered by the model's chat template.
     *
     * @param messages maps with role, content and what else the template may want: {@code tool_calls} as OpenAI writes them but
     *     with arguments that are maps, {@code tool_call_id}, {@code reasoning_content}
     * @param templateArguments further variables for the template
     */
    record Chat(List<Map<String, Object>> messages, ToolUse tools, Map<String, Object> templateArguments)
            implements Prompt {
        /** Without tools. */
        public Chat(List<Map<String, Object>> messages, Map<String, Object> templateArguments) {
            this(messages, ToolUse.NONE, templateArguments);
        }

        public Chat {
            messages = List.copyOf(messages);
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

    /**
     * A conversation whose tokens are known already.
     *
     * @param answer how the answer is to be read
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Encoded(int[] tokens, AnswerForm answer) implements Prompt {}
}
