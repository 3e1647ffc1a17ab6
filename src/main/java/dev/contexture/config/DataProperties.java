package dev.contexture.config;

import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * Where files live.
 *
 * @param dataDir takes models, compiled graphs and the unpacked native library
 */
@ConfigurationProperties("contexture")
public record DataProperties(Path dataDir) {}
