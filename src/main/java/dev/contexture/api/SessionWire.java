package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.session.Session;
import dev.contexture.session.SessionKv.TierUsage;
import dev.contexture.session.Sessions;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Sessions on the wire. */
final class SessionWire {
    private SessionWire() {}

    /**
     * Body of POST /v1/sessions.
     *
     * @param ttlSeconds after the last use
     * @param system first message
     */
    @Schema(name = "SessionRequest")
    record Created(
            @JsonProperty("model") @Nullable String model,
            @JsonProperty("ttl_seconds") @Nullable Long ttlSeconds,
            @JsonProperty("metadata") @Nullable Map<String, String> metadata,
            @JsonProperty("system") @Nullable String system) {}

    @Schema(name = "SessionForkRequest")
    record Forked(@JsonProperty("metadata") @Nullable Map<String, String> metadata) {}

    /**
     * @param owner the replica that completed the last turn; absent before the first
     * @param kv what the session has stored, by tier; absent where a session is only listed or made
     */
    @Schema(name = "Session")
    record Body(
            @JsonProperty("id") String id,
            @JsonProperty("object") String object,
            @JsonProperty("model") String model,
            @JsonProperty("created_at") long createdAt,
            @JsonProperty("last_used_at") long lastUsedAt,
            @JsonProperty("expires_at") long expiresAt,
            @JsonProperty("pinned") boolean pinned,
            @JsonProperty("metadata") Map<String, String> metadata,
            @JsonProperty("turns") int turns,
            @JsonProperty("messages") int messages,
            @JsonProperty("tokens") int tokens,
            @JsonProperty("owner") @Nullable String owner,
            @JsonProperty("kv") @Nullable Map<String, TierBody> kv) {
        static Body of(Session session, Map<String, TierUsage> usage) {
            Map<String, TierBody> tiers = new LinkedHashMap<>();
            usage.forEach((tier, used) -> tiers.put(tier, new TierBody(used.bytes(), used.values())));
            return new Body(
                    session.id(),
                    "session",
                    session.model(),
                    session.created().getEpochSecond(),
                    session.lastUsed().getEpochSecond(),
                    session.expires().getEpochSecond(),
                    session.pinned(),
                    session.metadata(),
                    session.turns(),
                    session.messages().size(),
                    session.tokenCount(),
                    session.owner().isEmpty() ? null : session.owner(),
                    usage.isEmpty() ? null : tiers);
        }
    }

    /**
     * @param values parts of blocks
     */
    @Schema(name = "SessionTier")
    record TierBody(
            @JsonProperty("bytes") long bytes,
            @JsonProperty("values") int values) {}

    static PageBody<Body> page(Sessions.Page page) {
        List<Body> data = page.sessions().stream()
                .map(session -> Body.of(session, Map.of()))
                .toList();
        return PageBody.of(data, Body::id, page.lastId(), page.hasMore());
    }

    @Schema(name = "SessionDeleted")
    record Deleted(
            @JsonProperty("id") String id,
            @JsonProperty("object") String object,
            @JsonProperty("deleted") boolean deleted) {}

    /**
     * @param deleted sessions
     * @param keyErased whether nothing that was stored can be read any more, wherever copies of it lie
     */
    @Schema(name = "SessionsDeleted")
    record AllDeleted(
            @JsonProperty("object") String object,
            @JsonProperty("deleted") int deleted,
            @JsonProperty("responses") int responses,
            @JsonProperty("key_erased") boolean keyErased) {
        static AllDeleted of(Sessions.Erased erased, int responses) {
            return new AllDeleted("sessions.deleted", erased.sessions(), responses, erased.keyErased());
        }
    }

    @Schema(name = "SessionBlocks")
    record Blocks(
            @JsonProperty("object") String object,
            @JsonProperty("data") List<BlockBody> data) {
        static Blocks of(List<Sessions.Block> blocks) {
            return new Blocks(
                    "list",
                    blocks.stream()
                            .map(block -> new BlockBody(
                                    new Span(block.begin(), block.end()),
                                    new Span(block.beginChar(), block.endChar()),
                                    block.tiers(),
                                    block.lastScore().isPresent()
                                            ? block.lastScore().getAsDouble()
                                            : null))
                            .toList());
        }
    }

    /**
     * @param tokens of the session
     * @param characters of the session's text, special tokens written out
     * @param tiers where it is, as far as this replica knows without asking
     * @param lastScore share of layer groups and KV heads whose last selection named a token of it; absent if not known
     */
    @Schema(name = "SessionBlock")
    record BlockBody(
            @JsonProperty("tokens") Span tokens,
            @JsonProperty("characters") Span characters,
            @JsonProperty("tiers") List<String> tiers,
            @JsonProperty("last_score") @Nullable Double lastScore) {}

    /** From the first to behind the last. */
    @Schema(name = "SessionSpan")
    record Span(
            @JsonProperty("begin") int begin,
            @JsonProperty("end") int end) {}
}
