package dev.contexture.config;

import dev.contexture.model.store.ModelStore;
import java.nio.file.Path;
import java.util.Optional;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which model is served, and where it comes from.
 *
 * @param id a built-in name, {@code hf:owner/name[@revision][/file]}, or a local file or folder
 * @param offline whether only what is in the data directory may be used
 * @param hubEndpoint of the Hugging Face hub or a mirror of it
 * @param hubToken for repositories that are not public; empty for none
 */
@ConfigurationProperties("contexture.model")
public record ModelProperties(
        @DefaultValue("smollm2-135m-instruct") String id,
        @DefaultValue("false") boolean offline,
        @DefaultValue("https://huggingface.co") String hubEndpoint,
        @DefaultValue("") String hubToken) {
    ModelStore.Settings toSettings(Path dataDirectory) {
        return new ModelStore.Settings(
                dataDirectory.resolve("models"),
                offline,
                hubEndpoint,
                hubToken.isBlank() ? Optional.empty() : Optional.of(hubToken.strip()));
    }
}
