package dev.contexture.model.safetensors;

import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.ModelSource.TokenizerDefinition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** The tokenizer and chat template of a checkpoint, which lie scattered over up to five files. */
final class TokenizerFolder {
    private final Path folder;
    private final JsonNode tokenizer;
    private final JsonNode tokenizerConfig;
    private final JsonNode config;
    private final JsonNode generationConfig;

    TokenizerFolder(Path folder, JsonNode config) throws IOException {
        this.folder = folder;
        this.config = config;
        this.tokenizer = JsonFiles.read(folder.resolve("tokenizer.json"));
        this.tokenizerConfig = readIfThere("tokenizer_config.json");
        this.generationConfig = readIfThere("generation_config.json");
    }

    private JsonNode readIfThere(String name) throws IOException {
        Path file = folder.resolve(name);
        return Files.exists(file) ? JsonFiles.read(file) : JsonNodeFactory.instance.objectNode();
    }

    TokenizerDefinition definition() throws IOException {
        String end = tokenText("eos_token");
        return new TokenizerDefinition(
                Files.readString(folder.resolve("tokenizer.json")),
                tokenText("bos_token"),
                end,
                endOfSequence(end),
                addsBeginOfSequence());
    }

    /** A token is written as text, or as an object that has it. */
    private @Nullable String tokenText(String name) {
        JsonNode token = tokenizerConfig.path(name);
        JsonNode text = token.isObject() ? token.path("content") : token;
        return text.isString() ? text.asString() : null;
    }

    private Set<Integer> endOfSequence(@Nullable String end) {
        Set<Integer> ids = new HashSet<>();
        addIds(generationConfig.path("eos_token_id"), ids);
        if (ids.isEmpty()) {
            addIds(config.path("eos_token_id"), ids);
        }
        if (end != null) {
            for (JsonNode added : tokenizer.path("added_tokens")) {
                if (end.equals(added.path("content").asString(""))) {
                    addIds(added.path("id"), ids);
                }
            }
        }
        return ids;
    }

    private static void addIds(JsonNode node, Set<Integer> ids) {
        if (node.isArray()) {
            node.forEach(id -> addIds(id, ids));
        } else if (node.isIntegralNumber() && node.canConvertToInt()) {
            ids.add(node.asInt());
        }
    }

    /** Either said outright, or done by the tokenizer's own post-processing template. */
    private boolean addsBeginOfSequence() {
        JsonNode said = tokenizerConfig.path("add_bos_token");
        if (said.isBoolean()) {
            return said.asBoolean();
        }
        String begin = tokenText("bos_token");
        return begin != null && startsWith(tokenizer.path("post_processor"), begin);
    }

    private static boolean startsWith(JsonNode processor, String begin) {
        for (JsonNode part : processor.path("processors")) {
            if (startsWith(part, begin)) {
                return true;
            }
        }
        JsonNode first = processor.path("single").path(0).path("SpecialToken").path("id");
        return first.isString() && first.asString().equals(begin);
    }

    Optional<String> chatTemplate() throws IOException {
        Path file = folder.resolve("chat_template.jinja");
        if (Files.exists(file)) {
            return Optional.of(Files.readString(file));
        }
        JsonNode template = tokenizerConfig.path("chat_template");
        if (template.isString()) {
            return Optional.of(template.asString());
        }
        if (!template.isArray()) {
            return Optional.empty();
        }
        for (JsonNode named : template) {
            if (named.path("name").asString("").equals("default")
                    && named.path("template").isString()) {
                return Optional.of(named.path("template").asString());
            }
        }
        throw new ModelFormatException("tokenizer_config.json has several chat templates but none named default");
    }
}
