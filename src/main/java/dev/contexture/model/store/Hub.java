package dev.contexture.model.store;

import java.io.IOException;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The Hugging Face hub, or a mirror that answers like it: which files a repository has, and where they are. */
final class Hub {
    private static final long MAX_LISTING_BYTES = 32L << 20;

    private final String endpoint;
    private final Optional<String> token;
    private final HttpTransfer http;

    /**
     * @param endpoint without a slash at the end
     * @param token sent to the endpoint only, never to where it redirects
     */
    Hub(String endpoint, Optional<String> token, HttpTransfer http) {
        this.endpoint = endpoint.endsWith("/") ? endpoint.substring(0, endpoint.length() - 1) : endpoint;
        this.token = token;
        this.http = http;
    }

    FileSource file(ModelReference.Hub reference, String name) {
        URI address =
                URI.create(endpoint + "/" + reference.repository() + "/resolve/" + reference.revision() + "/" + name);
        return http.source(address, token);
    }

    /**
     * A repository at the commit that a branch or tag stood for when it was asked.
     *
     * @param hashes of its files, by name; empty where the hub keeps no SHA-256
     */
    record Listing(String commit, Map<String, Optional<String>> hashes) {}

    /**
     * @throws IOException if the repository does not exist, may not be read, or the hub cannot be reached
     */
    Listing list(ModelReference.Hub reference) throws IOException, InterruptedException {
        URI address = URI.create(endpoint + "/api/models/" + reference.repository() + "/revision/"
                + reference.revision() + "?blobs=true");
        String body = http.text(address, token, MAX_LISTING_BYTES);
        try {
            JsonNode json = JsonMapper.shared().readTree(body);
            Map<String, Optional<String>> hashes = new LinkedHashMap<>();
            for (JsonNode sibling : json.path("siblings")) {
                String name = sibling.path("rfilename").asString("");
                if (SafePath.isRelativeAndInside(name)) {
                    String hash = sibling.path("lfs").path("sha256").asString("");
                    hashes.put(name, hash.isEmpty() ? Optional.empty() : Optional.of(hash));
                }
            }
            String commit = json.path("sha").asString("");
            if (!commit.matches("[0-9a-f]{7,64}")) {
                throw new IOException(address + " answered without a commit");
            }
            return new Listing(commit, hashes);
        } catch (JacksonException e) {
            throw new IOException(address + " did not answer with JSON: " + e.getOriginalMessage(), e);
        }
    }
}
