package dev.contexture.model.template;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The golden files of chat templates: what Python's jinja2 makes of them. */
final class GoldenTemplates {
    static final List<String> STYLES =
            List.of("smollm2", "smollm2-oneline", "llama31", "qwen25", "qwen3", "mistral", "gemma");

    private GoldenTemplates() {}

    /**
     * @param error kind of failure, or none
     * @param text the rendered text, or the failure's message
     */
    record Case(
            String group,
            String name,
            String template,
            Map<String, Value> variables,
            Optional<String> error,
            String text,
            Clock clock) {
        String render() {
            return ChatTemplate.of(template, null, null, clock).render(variables);
        }

        @Override
        public String toString() {
            return group + ": " + name;
        }
    }

    static List<Case> styles() {
        List<Case> cases = new ArrayList<>();
        STYLES.forEach(style -> cases.addAll(cases(style, Optional.of(source(style)))));
        return cases;
    }

    static List<Case> features() {
        return cases("features", Optional.empty());
    }

    static String source(String style) {
        return read(style + ".jinja");
    }

    private static List<Case> cases(String group, Optional<String> template) {
        JsonNode file = JsonMapper.shared().readTree(read(group + ".json"));
        Clock clock =
                Clock.fixed(LocalDateTime.parse(file.path("now").asString()).toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
        List<Case> cases = new ArrayList<>();
        for (JsonNode node : file.path("cases")) {
            Map<String, Value> variables = new LinkedHashMap<>();
            node.path("variables").properties().forEach(e -> variables.put(e.getKey(), value(e.getValue())));
            boolean fails = node.has("error");
            cases.add(new Case(
                    group,
                    node.path("name").asString(),
                    template.orElseGet(() -> node.path("template").asString()),
                    variables,
                    fails ? Optional.of(node.path("error").asString()) : Optional.empty(),
                    node.path(fails ? "message" : "expected").asString(),
                    clock));
        }
        return cases;
    }

    private static Value value(JsonNode node) {
        return ValueOf.java(JsonMapper.shared().convertValue(node, Object.class));
    }

    private static String read(String name) {
        try (InputStream in = GoldenTemplates.class.getResourceAsStream("/golden/templates/" + name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
