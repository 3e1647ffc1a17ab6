package dev.contexture.session.responses;

import dev.contexture.session.DamagedSessionException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** A response as JSON and back. */
final class ResponseCodec {
    private static final int VERSION = 2;

    private final JsonMapper json = JsonMapper.shared();

    private record Versioned(int version, Response response) {}

    byte[] encode(Response response) {
        return json.writeValueAsBytes(new Versioned(VERSION, response));
    }

    /**
     * @throws DamagedSessionException if the bytes are no response of a version that is known
     */
    Response decode(byte[] bytes) {
        try {
            int version = json.readTree(bytes).path("version").asInt();
            if (version != VERSION) {
                throw new DamagedSessionException("the response's record has version " + version + ", but only "
                        + VERSION + " is known: it was written by another release");
            }
            return json.readValue(bytes, Versioned.class).response;
        } catch (JacksonException e) {
            throw new DamagedSessionException("the response's record cannot be read: " + e.getMessage());
        }
    }
}
