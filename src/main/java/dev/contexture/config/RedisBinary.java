package dev.contexture.config;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import redis.embedded.core.ExecutableProvider;

/** Where a {@code redis-server} is: on the path, or the one that comes with us for the usual platforms. */
final class RedisBinary {
    private static final String NAME = "redis-server";

    private RedisBinary() {}

    /**
     * @param environment whose PATH is searched first
     * @return empty where there is none for this platform
     */
    static Optional<Path> find(Map<String, String> environment) {
        Optional<Path> onPath = Arrays.stream(
                        environment.getOrDefault("PATH", "").split(File.pathSeparator))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, NAME))
                .filter(Files::isExecutable)
                .findFirst();
        return onPath.or(RedisBinary::bundled);
    }

    private static Optional<Path> bundled() {
        try {
            return Optional.of(ExecutableProvider.newJarResourceProvider().get().toPath());
        } catch (IOException | RuntimeException e) {
            return Optional.empty();
        }
    }
}
