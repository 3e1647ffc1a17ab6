package dev.contexture.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.model.template.ChatTemplate;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.Prompt;
import dev.contexture.session.TemplateRenderer;
import dev.contexture.session.dialect.Dialect;
import dev.contexture.session.dialect.DialectProbe;
import dev.contexture.session.dialect.DialectSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.util.unit.DataSize;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** From a request's body to the prompt: letter for letter what Python makes of it. */
class ToolPromptsGoldenTest {
    private static final List<String> STYLES = List.of("llama31", "qwen25", "qwen3", "mistral");
    private static final ChatRequests REQUESTS = new ChatRequests(
            new ApiProperties(DataSize.ofMegabytes(8), Duration.ofSeconds(30), 16, 16, Duration.ofSeconds(15)));

    /**
     * @param body of a request
     */
    record Case(String style, String name, String body, JsonNode golden, TemplateRenderer renderer) {
        @Override
        public String toString() {
            return style + ": " + name;
        }

        String prompt() {
            GenerationRequest request = REQUESTS.toGeneration(
                    Json.read(body.getBytes(StandardCharsets.UTF_8), ChatCompletionRequest.class), "t");
            return renderer.render((Prompt.Chat) request.prompt()).text();
        }
    }

    static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (String style : STYLES) {
            JsonNode file = JsonMapper.shared().readTree(read("tools/" + style + ".json"));
            ChatTemplate template = template(style, file);
            Dialect dialect = DialectProbe.of(template, DialectSettings.AUTO);
            for (JsonNode golden : file.path("cases")) {
                ObjectNode body = JsonMapper.shared().createObjectNode();
                body.put("model", "m");
                body.set("messages", golden.path("messages"));
                body.set("tools", golden.path("tools"));
                cases.add(new Case(
                        style,
                        golden.path("name").asString(),
                        body.toString(),
                        golden,
                        new TemplateRenderer(template, dialect)));
            }
        }
        return cases;
    }

    private static ChatTemplate template(String style, JsonNode file) {
        Clock clock =
                Clock.fixed(LocalDateTime.parse(file.path("now").asString()).toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
        JsonNode tokens = file.path("tokens");
        return ChatTemplate.of(
                read("templates/" + style + ".jinja"),
                tokens.path("bos_token").asString(),
                tokens.path("eos_token").asString(),
                clock);
    }

    private static String read(String name) {
        try (InputStream in = ToolPromptsGoldenTest.class.getResourceAsStream("/golden/" + name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void promptsAreThoseOfPython(Case made) {
        if (made.golden.has("expected")) {
            assertThat(made.prompt()).isEqualTo(made.golden.path("expected").asString());
        } else {
            // Python refuses what we take apart: Llama's template wants one call in a message.
            assertThat(made.toString()).isEqualTo("llama31: two calls at once");
            String header = "<|start_header_id|>%s<|end_header_id|>\n\n%s<|eot_id|>";
            assertThat(made.prompt())
                    .endsWith(header.formatted(
                                    "assistant",
                                    "{\"name\": \"next_ferry\", \"parameters\": {\"to\": \"Åland\", \"from\": \"Turku\"}}")
                            + header.formatted("ipython", "06:10")
                            + header.formatted("assistant", "{\"name\": \"list_harbours\", \"parameters\": {}}")
                            + header.formatted("ipython", "[\"Turku\", \"Åland\"]")
                            + "<|start_header_id|>assistant<|end_header_id|>\n\n");
        }
    }

    @Test
    void allStylesAreThere() {
        assertThat(cases()).hasSize(7 * STYLES.size());
    }
}
