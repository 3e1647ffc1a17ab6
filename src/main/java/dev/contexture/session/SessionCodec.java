package dev.contexture.session;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A session as JSON and back; tokens are 32-bit numbers in base64. */
final class SessionCodec {
    private static final int VERSION = 1;
    private static final TypeReference<LinkedHashMap<String, Object>> FIELDS = new TypeReference<>() {};
    private static final TypeReference<LinkedHashMap<String, String>> METADATA = new TypeReference<>() {};

    private final JsonMapper json = JsonMapper.shared();

    byte[] encode(Session session) {
        ObjectNode node = json.createObjectNode();
        node.put("version", VERSION);
        node.put("id", session.id());
        node.put("lineage", session.lineage());
        node.put("model", session.model());
        node.put("created_ms", session.created().toEpochMilli());
        node.put("last_used_ms", session.lastUsed().toEpochMilli());
        node.put("ttl_ms", session.timeToLive().toMillis());
        node.put("pinned", session.pinned());
        node.set("metadata", json.valueToTree(session.metadata()));
        node.put("turns", session.turns());
        ArrayNode messages = node.putArray("messages");
        session.messages().forEach(message -> messages.add(json.<JsonNode>valueToTree(message.fields())));
        node.put("tokens", base64(session.tokens()));
        node.put("owner", session.owner());
        ArrayNode marks = node.putArray("marks");
        session.marks()
                .forEach(mark -> marks.addObject()
                        .put("name", mark.name())
                        .put("messages", mark.messages())
                        .put("tokens", mark.tokens()));
        return json.writeValueAsBytes(node);
    }

    /**
     * @throws DamagedSessionException if the bytes are no session of a version that is known
     */
    Session decode(byte[] bytes) {
        try {
            JsonNode node = json.readTree(bytes);
            if (node.path("version").asInt() != VERSION) {
                throw new DamagedSessionException("the session's record has version " + node.path("version")
                        + ", but only " + VERSION + " is known: it was written by a newer release");
            }
            List<SessionMessage> messages = new ArrayList<>();
            for (JsonNode message : node.required("messages")) {
                messages.add(new SessionMessage(json.convertValue(message, FIELDS)));
            }
            List<Session.Mark> marks = new ArrayList<>();
            for (JsonNode mark : node.path("marks")) { // records of before there were marks have none
                marks.add(new Session.Mark(
                        mark.required("name").asString(),
                        mark.required("messages").asInt(),
                        mark.required("tokens").asInt()));
            }
            Map<String, String> metadata = json.convertValue(node.required("metadata"), METADATA);
            return new Session(
                    node.required("id").asString(),
                    node.required("lineage").asString(),
                    node.required("model").asString(),
                    Instant.ofEpochMilli(node.required("created_ms").asLong()),
                    Instant.ofEpochMilli(node.required("last_used_ms").asLong()),
                    Duration.ofMillis(node.required("ttl_ms").asLong()),
                    node.required("pinned").asBoolean(),
                    metadata,
                    node.required("turns").asInt(),
                    messages,
                    tokens(node.required("tokens").asString()),
                    node.required("owner").asString(),
                    marks);
        } catch (JacksonException | IllegalArgumentException e) {
            throw new DamagedSessionException("the session's record cannot be read: " + e.getMessage());
        }
    }

    private static String base64(int[] tokens) {
        ByteBuffer bytes = ByteBuffer.allocate(tokens.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(tokens);
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    private static int[] tokens(String base64) {
        ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(base64)).order(ByteOrder.LITTLE_ENDIAN);
        int[] tokens = new int[bytes.remaining() / Integer.BYTES];
        bytes.asIntBuffer().get(tokens);
        return tokens;
    }
}
