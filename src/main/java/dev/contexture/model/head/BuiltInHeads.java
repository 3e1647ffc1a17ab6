package dev.contexture.model.head;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/** Trained heads that the class path carries, named by the model that they are for. */
public final class BuiltInHeads {
    private static final String FOLDER = "retrieval-heads/";
    private static final String SUFFIX = ".safetensors";

    private BuiltInHeads() {}

    /**
     * Unpacks the head for a model into {@code directory}.
     *
     * @param modelSha256 of the model's files
     * @return empty if there is none for this model
     */
    public static Optional<Path> unpack(String modelSha256, Path directory) throws IOException {
        String name = modelSha256 + SUFFIX;
        try (InputStream in = BuiltInHeads.class.getClassLoader().getResourceAsStream(FOLDER + name)) {
            if (in == null) {
                return Optional.empty();
            }
            Files.createDirectories(directory);
            Path partial = Files.createTempFile(directory, "head", ".part");
            try {
                Files.copy(in, partial, StandardCopyOption.REPLACE_EXISTING);
                return Optional.of(Files.move(partial, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE));
            } finally {
                Files.deleteIfExists(partial);
            }
        }
    }
}
