package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.golden.GoldenEmbedding;
import dev.contexture.testing.DefaultModel;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What goes over the wire of /v1/embeddings. */
@ServiceTest
class EmbeddingsIT {
    private static final String ROUTE = "/v1/embeddings";
    static final String MODEL = "all-minilm-l6-v2";

    @LocalServerPort
    private int port;

    @Autowired
    private MeterRegistry registry;

    private Client client = new Client(1);

    @BeforeEach
    void connect() {
        client = new Client(port);
    }

    @AfterEach
    void disconnect() {
        client.close();
    }

    private static String body(String fields) {
        return "{\"model\":\"" + MODEL + "\"," + fields + "}";
    }

    private JsonNode answer(String fields) throws Exception {
        HttpResponse<String> response = client.post(ROUTE, body(fields));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Client.json(response.body());
    }

    private static float[] floats(JsonNode numbers) {
        float[] floats = new float[numbers.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = numbers.get(i).floatValue();
        }
        return floats;
    }

    @Test
    void textsBecomeTheReferencesVectors() throws Exception {
        List<GoldenEmbedding> all = GoldenEmbedding.all();
        String texts = JsonMapper.shared()
                .writeValueAsString(all.stream().map(GoldenEmbedding::text).toList());
        JsonNode answer = answer("\"input\":" + texts + ",\"user\":\"someone\"");
        assertThat(answer.path("object").asString()).isEqualTo("list");
        assertThat(answer.path("model").asString()).isEqualTo(MODEL);
        assertThat(answer.path("data").size()).isEqualTo(all.size());
        for (int i = 0; i < all.size(); i++) {
            JsonNode embedding = answer.path("data").get(i);
            assertThat(embedding.path("object").asString()).isEqualTo("embedding");
            assertThat(embedding.path("index").asInt()).isEqualTo(i);
            assertThat(all.get(i).cosine(floats(embedding.path("embedding")))).isGreaterThan(0.99999);
        }
        int tokens = all.stream().mapToInt(golden -> golden.ids().length).sum();
        assertThat(answer.path("usage").toString())
                .isEqualTo("{\"prompt_tokens\":" + tokens + ",\"total_tokens\":" + tokens + "}");
    }

    @Test
    void theFourFormsOfAnInputAreOne() throws Exception {
        GoldenEmbedding golden = GoldenEmbedding.all().getFirst();
        String text = JsonMapper.shared().writeValueAsString(golden.text());
        String ids = JsonMapper.shared().writeValueAsString(golden.ids());
        JsonNode plain = answer("\"input\":" + text).path("data");
        for (String input : List.of("[" + text + "]", ids, "[" + ids + "]")) {
            assertThat(answer("\"input\":" + input).path("data")).as(input).isEqualTo(plain);
        }
    }

    @Test
    void base64AndShorterVectorsAreTheSameNumbers() throws Exception {
        JsonNode numbers = answer("\"input\":\"hello world\",\"dimensions\":32")
                .path("data")
                .get(0);
        JsonNode coded = answer("\"input\":\"hello world\",\"dimensions\":32,\"encoding_format\":\"base64\"")
                .path("data")
                .get(0);
        float[] vector = floats(numbers.path("embedding"));
        assertThat(GoldenEmbedding.floats(coded.path("embedding").asString())).isEqualTo(vector);
        double square = 0;
        for (float value : vector) {
            square += value * value;
        }
        assertThat(vector).hasSize(32);
        assertThat(square).isBetween(0.99999, 1.00001);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"input":"x"}                                       | 400 | model            | missing_required_parameter
            {"model":"other","input":"x"}                       | 404 | model            | model_not_found
            {"model":"smollm2-135m-instruct","input":"x"}       | 404 | model            | model_not_found
            {"model":"all-minilm-l6-v2"}                        | 400 | input            | missing_required_parameter
            {"model":"all-minilm-l6-v2","input":null}           | 400 | input            | missing_required_parameter
            {"model":"all-minilm-l6-v2","input":[]}             | 400 | input            | invalid_value
            {"model":"all-minilm-l6-v2","input":""}             | 400 | input            | invalid_value
            {"model":"all-minilm-l6-v2","input":["x",""]}       | 400 | input[1]         | invalid_value
            {"model":"all-minilm-l6-v2","input":[[5],[]]}       | 400 | input[1]         | invalid_value
            {"model":"all-minilm-l6-v2","input":3}              | 400 | input            | invalid_type
            {"model":"all-minilm-l6-v2","input":{"a":1}}        | 400 | input            | invalid_type
            {"model":"all-minilm-l6-v2","input":["x",3]}        | 400 | input[1]         | invalid_type
            {"model":"all-minilm-l6-v2","input":["x",null]}     | 400 | input[1]         | invalid_type
            {"model":"all-minilm-l6-v2","input":[3,"x"]}        | 400 | input[1]         | invalid_type
            {"model":"all-minilm-l6-v2","input":[1.5]}          | 400 | input[0]         | invalid_type
            {"model":"all-minilm-l6-v2","input":[[1,99999]]}    | 400 | input            | invalid_value
            {"model":"all-minilm-l6-v2","input":[-1]}           | 400 | input            | invalid_value
            {"model":"all-minilm-l6-v2","input":[12345678901]}  | 400 | input[0]         | invalid_type
            {"model":"all-minilm-l6-v2","input":"x","dimensions":0}            | 400 | dimensions      | invalid_value
            {"model":"all-minilm-l6-v2","input":"x","dimensions":385}          | 400 | dimensions      | invalid_value
            {"model":"all-minilm-l6-v2","input":"x","dimensions":"8"}          | 400 | dimensions      | invalid_type
            {"model":"all-minilm-l6-v2","input":"x","encoding_format":"int8"}  | 400 | encoding_format | invalid_value
            {"model":"all-minilm-l6-v2","input":"x","encoding_format":7}       | 400 | encoding_format | invalid_type
            {"model":"all-minilm-l6-v2","input":"x","user":[]}                 | 400 | user            | invalid_type
            """)
    void badRequestsNameTheField(String body, int status, String param, String code) throws Exception {
        HttpResponse<String> response = client.post(ROUTE, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        JsonNode error = Client.json(response.body()).path("error");
        assertThat(error.path("param").asString()).isEqualTo(param);
        assertThat(error.path("code").asString()).isEqualTo(code);
        assertThat(error.path("type").asString()).isEqualTo("invalid_request_error");
        assertThat(error.path("message").asString()).isNotBlank();
    }

    @Test
    void whatIsTooMuchIsRefused() throws Exception {
        HttpResponse<String> tooLong =
                client.post(ROUTE, body("\"input\":[\"short\",\"" + "word ".repeat(300) + "\"]"));
        assertThat(tooLong.statusCode()).isEqualTo(400);
        JsonNode error = Client.json(tooLong.body()).path("error");
        assertThat(error.path("code").asString()).isEqualTo("context_length_exceeded");
        assertThat(error.path("param").asString()).isEqualTo("input[1]");
        assertThat(error.path("message").asString()).contains("256 tokens", "has 302");
        HttpResponse<String> tooMany = client.post(ROUTE, body("\"input\":[" + "\"x\",".repeat(2048) + "\"x\"]"));
        assertThat(tooMany.statusCode()).isEqualTo(400);
        assertThat(tooMany.body()).contains("1 to 2048 inputs");
        assertThat(client.get(ROUTE).statusCode()).isEqualTo(405);
        assertThat(client.post(ROUTE, "{\"model\":").statusCode()).isEqualTo(400);
    }

    @Test
    void manyAtOnceAreServedAndCounted() throws Exception {
        double before = succeeded();
        List<CompletableFuture<HttpResponse<String>>> responses = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            responses.add(client.http()
                    .sendAsync(
                            client.request(ROUTE, body("\"input\":[\"number " + i + "\",\"and another text\"]")),
                            HttpResponse.BodyHandlers.ofString()));
        }
        JsonNode other = null;
        for (CompletableFuture<HttpResponse<String>> response : responses) {
            assertThat(response.get().statusCode()).isEqualTo(200);
            JsonNode same = Client.json(response.get().body()).path("data").get(1);
            assertThat(other == null || same.equals(other))
                    .as("one text, one vector, whatever it is computed with")
                    .isTrue();
            other = same;
        }
        assertThat(succeeded()).isEqualTo(before + 24);
        assertThat(registry.get("contexture.embedding.tokens").counter().count())
                .isGreaterThan(24 * 8);
        assertThat(registry.get("contexture.embedding.request.time").timer().count())
                .isEqualTo((long) succeeded());
        assertThat(registry.get("contexture.embedding.waiting.requests").gauge().value())
                .isZero();
    }

    private double succeeded() {
        return registry.get("contexture.embedding.requests")
                .tag("outcome", "success")
                .counter()
                .count();
    }

    @Test
    void theModelIsListedAndDoesNotChat() throws Exception {
        JsonNode models = Client.json(client.get("/v1/models").body()).path("data");
        assertThat(models.valueStream().map(model -> model.path("id").asString()))
                .containsExactly(DefaultModel.ID, MODEL);
        JsonNode one = Client.json(client.get("/v1/models/" + MODEL).body());
        assertThat(one).isEqualTo(models.get(1));
        assertThat(one.path("max_model_len").asInt()).isEqualTo(256);
        assertThat(one.path("contexture").toString())
                .isEqualTo("{\"embedding\":{\"dimensions\":384,\"max_inputs\":2048,\"max_request_tokens\":300000}}");
        HttpResponse<String> chat = client.post(
                "/v1/chat/completions",
                "{\"model\":\"" + MODEL + "\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}");
        assertThat(chat.statusCode()).isEqualTo(404);
        assertThat(client.get("/v3/api-docs").body()).contains("/v1/embeddings", "EmbeddingList");
    }
}
