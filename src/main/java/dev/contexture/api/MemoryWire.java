package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.session.Conversations;
import dev.contexture.session.OpenAiMessages;
import dev.contexture.session.SessionMessage;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Conversations on the wire. */
final class MemoryWire {
    private MemoryWire() {}

    /**
     * Body of PUT /v1/memory/{conversation}.
     *
     * @param messages as those of chat completions; may be none
     */
    @Schema(name = "MemoryRequest")
    record Written(@JsonProperty("messages") @Nullable List<Map<String, Object>> messages) {}

    /**
     * @param id of the session that the conversation is, for its turns
     * @param messages as those of chat completions; absent where a conversation is only listed or written
     */
    @Schema(name = "Memory")
    record Body(
            @JsonProperty("id") String id,
            @JsonProperty("object") String object,
            @JsonProperty("conversation") String conversation,
            @JsonProperty("messages") @Nullable List<Map<String, Object>> messages) {
        static Body of(String conversation, List<SessionMessage> messages) {
            return new Body(
                    Conversations.sessionId(conversation),
                    "memory",
                    conversation,
                    messages.stream()
                            .map(message -> OpenAiMessages.written(message.fields()))
                            .toList());
        }

        static Body of(String conversation) {
            return new Body(Conversations.sessionId(conversation), "memory", conversation, null);
        }
    }

    static PageBody<Body> page(Conversations.Page page) {
        List<Body> data = page.conversations().stream()
                .map(named -> Body.of(named.name()))
                .toList();
        return PageBody.of(data, Body::id, page.lastId(), page.hasMore());
    }

    @Schema(name = "MemoryDeleted")
    record Deleted(
            @JsonProperty("id") String id,
            @JsonProperty("object") String object,
            @JsonProperty("conversation") String conversation,
            @JsonProperty("deleted") boolean deleted) {
        static Deleted of(String conversation) {
            return new Deleted(Conversations.sessionId(conversation), "memory.deleted", conversation, true);
        }
    }
}
