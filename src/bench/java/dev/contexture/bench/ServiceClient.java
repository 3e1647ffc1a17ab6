package dev.contexture.bench;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/** Speaks to a {@link ServiceProcess} over HTTP, and takes the time. */
final class ServiceClient {
    private static final Duration LONGEST_ANSWER = Duration.ofMinutes(10);
    private static final Duration LONGEST_WRITE = Duration.ofMinutes(2);
    private static final String DATA = "data: ";

    private final HttpClient http = HttpClient.newHttpClient();
    private final String base;

    ServiceClient(ServiceProcess service) {
        this.base = "http://127.0.0.1:" + service.port();
    }

    /**
     * One answer.
     *
     * @param firstTokenSeconds from sending the request
     * @param gapSeconds between tokens
     * @param usage as the API says it
     * @param contexture the vendor's own object of the last chunk
     */
    record Answer(String text, double firstTokenSeconds, List<Double> gapSeconds, JsonNode usage, JsonNode contexture) {
        int cachedTokens() {
            return usage.at("/prompt_tokens_details/cached_tokens").asInt();
        }

        int promptTokens() {
            return usage.path("prompt_tokens").asInt();
        }
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(base + path)).timeout(LONGEST_ANSWER);
    }

    private JsonNode send(HttpRequest request) throws IOException, InterruptedException {
        HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() / 100 != 2) {
            throw new IllegalStateException(
                    request.method() + " " + request.uri() + ": " + response.statusCode() + " " + response.body());
        }
        return response.body().isEmpty()
                ? MissingNode.getInstance()
                : JsonMapper.shared().readTree(response.body());
    }

    JsonNode get(String path) throws IOException, InterruptedException {
        return send(request(path).build());
    }

    JsonNode post(String path, Map<String, ?> body) throws IOException, InterruptedException {
        return send(request(path)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(JsonMapper.shared().writeValueAsString(body)))
                .build());
    }

    /** The model that is served. */
    String model() throws IOException, InterruptedException {
        return get("/v1/models").at("/data/0/id").asString();
    }

    /**
     * Waits until everything that was left is in Redis.
     *
     * @return bytes that were written since the process began
     */
    double awaitWritten(ServiceProcess service) throws InterruptedException {
        long deadline = System.nanoTime() + LONGEST_WRITE.toNanos();
        double before = -1;
        while (true) {
            double written = service.metric("contexture_redis_bytes_total\\{direction=\"store\"[^}]*}");
            // Blocks leave the pool a few per turn, and figures are half a second old.
            if (written == before && service.metric("contexture_kv_unwritten_values") == 0) {
                return written;
            }
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("not all blocks are written after " + LONGEST_WRITE);
            }
            before = written;
            Thread.sleep(1_500);
        }
    }

    /** A new session's id. */
    String createSession(String model) throws IOException, InterruptedException {
        return post("/v1/sessions", Map.of("model", model)).path("id").asString();
    }

    /** A copy that goes on by itself. */
    String fork(String session) throws IOException, InterruptedException {
        return post("/v1/sessions/" + session + "/fork", Map.of()).path("id").asString();
    }

    /**
     * A greedy answer to one more message, streamed.
     *
     * @param more fields of the body
     */
    Answer chat(String model, String session, String message, int maxTokens, Map<String, ?> more)
            throws IOException, InterruptedException {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("model", model);
        body.put("session_id", session);
        body.put("messages", List.of(Map.of("role", "user", "content", message)));
        body.put("max_tokens", maxTokens);
        body.put("temperature", 0);
        body.put("stream", true);
        body.put("stream_options", Map.of("include_usage", true));
        body.putAll(more);
        HttpRequest request = request("/v1/chat/completions")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(JsonMapper.shared().writeValueAsString(body)))
                .build();
        long begin = System.nanoTime();
        HttpResponse<Stream<String>> response = http.send(request, HttpResponse.BodyHandlers.ofLines());
        try (Stream<String> lines = response.body()) {
            if (response.statusCode() != 200) {
                throw new IllegalStateException(response.statusCode() + " " + String.join("\n", lines.toList()));
            }
            return read(lines.iterator(), begin);
        }
    }

    private static Answer read(Iterator<String> lines, long begin) {
        StringBuilder text = new StringBuilder();
        List<Double> gaps = new ArrayList<>();
        double first = Double.NaN;
        long last = begin;
        JsonNode usage = MissingNode.getInstance();
        JsonNode contexture = MissingNode.getInstance();
        while (lines.hasNext()) {
            String line = lines.next();
            if (!line.startsWith(DATA) || line.equals(DATA + "[DONE]")) {
                continue;
            }
            JsonNode chunk = JsonMapper.shared().readTree(line.substring(DATA.length()));
            if (chunk.has("error")) {
                throw new IllegalStateException("the stream ended with " + chunk);
            }
            String piece = chunk.at("/choices/0/delta/content").asString("");
            if (!piece.isEmpty()) {
                long now = System.nanoTime();
                if (Double.isNaN(first)) {
                    first = (now - begin) / 1e9;
                } else {
                    gaps.add((now - last) / 1e9);
                }
                last = now;
                text.append(piece);
            }
            usage = chunk.path("usage").isObject() ? chunk.path("usage") : usage;
            contexture = chunk.path("contexture").isObject() ? chunk.path("contexture") : contexture;
        }
        return new Answer(text.toString(), first, gaps, usage, contexture);
    }
}
