package dev.contexture.config;

import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Where files live.
 *
 * @param dataDir takes models, compiled graphs and the unpacked native library; a first {@code ~} is the user's home directory
 */
@ConfigurationProperties("contexture")
public record DataProperties(@DefaultValue("~/.contexture") Path dataDir) {
    private static final Path HOME = Path.of("~");

    public DataProperties {
        if (dataDir.startsWith(HOME)) {
            dataDir = Path.of(System.getProperty("user.home")).resolve(HOME.relativize(dataDir));
        }
    }
}
