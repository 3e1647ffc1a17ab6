package dev.contexture.model.safetensors;

import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.arch.TensorData;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/** A model in a folder as Hugging Face's libraries write it: config.json, tokenizer.json, one or more safetensors files. */
public final class SafetensorsModelSource implements ModelSource {
    private static final String SINGLE_FILE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    private final Arena arena;
    private final ModelConfig config;
    private final Map<String, TensorData> tensors;
    private final TokenizerDefinition tokenizer;
    private final Optional<String> chatTemplate;

    private SafetensorsModelSource(Path folder, Arena arena) throws IOException {
        this.arena = arena;
        JsonNode configJson = JsonFiles.read(folder.resolve("config.json"));
        this.tensors = Collections.unmodifiableMap(readTensors(folder, arena));
        this.config = new HubConfig(configJson, tensors.containsKey("lm_head.weight")).toModelConfig();
        TokenizerFolder text = new TokenizerFolder(folder, configJson);
        this.tokenizer = text.definition();
        this.chatTemplate = text.chatTemplate();
    }

    /**
     * @throws ModelFormatException if a file is missing, damaged or of a kind that is not supported
     */
    @SuppressWarnings("MustBeClosedChecker") // the source owns the arena
    public static SafetensorsModelSource open(Path folder) throws IOException {
        Arena arena = Arena.ofShared();
        try {
            return new SafetensorsModelSource(folder, arena);
        } catch (ModelFormatException e) {
            arena.close();
            throw new ModelFormatException(folder + " cannot be used: " + e.getMessage(), e);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private static Map<String, TensorData> readTensors(Path folder, Arena arena) throws IOException {
        if (!Files.exists(folder.resolve(INDEX))) {
            Path file = folder.resolve(SINGLE_FILE);
            if (!Files.exists(file)) {
                throw new ModelFormatException("it has neither " + SINGLE_FILE + " nor " + INDEX);
            }
            return SafetensorsFile.read(file, arena).tensors();
        }
        Map<String, String> fileOf = readIndex(folder.resolve(INDEX));
        SortedSet<String> names = new TreeSet<>(fileOf.values());
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        for (String name : names) {
            Path file = folder.resolve(name);
            if (!Files.exists(file)) {
                throw new ModelFormatException("the index names " + name + ", which is not there");
            }
            SafetensorsFile.read(file, arena).tensors().forEach((tensor, data) -> {
                if (name.equals(fileOf.get(tensor))) {
                    tensors.put(tensor, data);
                }
            });
        }
        for (Map.Entry<String, String> entry : fileOf.entrySet()) {
            if (!tensors.containsKey(entry.getKey())) {
                throw new ModelFormatException("the tensor " + entry.getKey() + " is not in " + entry.getValue()
                        + ", where the index says it is");
            }
        }
        return tensors;
    }

    private static Map<String, String> readIndex(Path index) throws IOException {
        Map<String, String> fileOf = new HashMap<>();
        for (Map.Entry<String, JsonNode> entry :
                JsonFiles.read(index).path("weight_map").properties()) {
            String name = entry.getValue().asString("");
            if (!name.matches("[A-Za-z0-9_][A-Za-z0-9._-]*\\.safetensors")) {
                throw new ModelFormatException("the index names the file '" + name + "'");
            }
            fileOf.put(entry.getKey(), name);
        }
        if (fileOf.isEmpty()) {
            throw new ModelFormatException(INDEX + " has no weight_map");
        }
        return fileOf;
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public Map<String, TensorData> tensors() {
        return tensors;
    }

    @Override
    public RowOrder rowOrder() {
        return RowOrder.HALF_SPLIT;
    }

    @Override
    public TokenizerDefinition tokenizer() {
        return tokenizer;
    }

    @Override
    public Optional<String> chatTemplate() {
        return chatTemplate;
    }

    @Override
    public void close() {
        arena.close();
    }
}
