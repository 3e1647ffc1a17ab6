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

    /**
     * A {@link PageBody} that has a name of its own where the routes are described.
     *
     * @param data conversations without their messages
     * @param lastId of a session, where the next page begins; absent if there is none
     */
    @Schema(name = "MemoryPage")
    record Page(
            @JsonProperty("object") String object,
            @JsonProperty("data") List<Body> data,
            @JsonProperty("first_id") @Nullable String firstId,
            @JsonProperty("last_id") @Nullable String lastId,
            @JsonProperty("has_more") boolean hasMore) {
        static Page of(Conversations.Page page) {
            List<Body> data = page.conversations().stream()
                    .map(named -> Body.of(named.name()))
                    .toList();
            PageBody<Body> body = PageBody.of(data, Body::id, page.lastId(), page.hasMore());
            return new Page(body.object(), body.data(), body.firstId(), body.lastId(), body.hasMore());
        }
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
