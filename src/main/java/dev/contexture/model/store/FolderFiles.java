package dev.contexture.model.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Which files of a folder make a safetensors model. */
final class FolderFiles {
    private static final Set<String> NAMES = Set.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "chat_template.jinja",
            "model.safetensors.index.json");

    private FolderFiles() {}

    /** Whether the model needs a file of this name; some publishers keep the weights twice, under other names. */
    static boolean isPart(String name) {
        return NAMES.contains(name) || name.startsWith("model") && name.endsWith(".safetensors");
    }

    static List<Path> of(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> isPart(file.getFileName().toString())).toList();
        }
    }
}
