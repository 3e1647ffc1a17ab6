package dev.contexture.config;

import dev.contexture.model.store.ModelStore;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which model is served, and where it comes from.
 *
 * @param id a built-in name, {@code hf:owner/name[@revision][/file]}, or a local file or folder
 * @param offline whether only what is in the data directory may be used
 * @param hubEndpoint of the Hugging Face hub or a mirror of it; empty: {@code HF_ENDPOINT} of the environment, else the hub's own
 * @param hubToken for repositories that are not public; empty: {@code HF_TOKEN} of the environment, else none
 */
@ConfigurationProperties("contexture.model")
public record ModelProperties(
        @DefaultValue("smollm2-135m-instruct") String id,
        @DefaultValue("false") boolean offline,
        @DefaultValue("") String hubEndpoint,
        @DefaultValue("") String hubToken) {
    private static final String HUB = "https://huggingface.co";

    /**
     * @param environment of the process, where what is empty here is looked for
     */
    ModelStore.Settings toSettings(Path dataDirectory, Map<String, String> environment) {
        String endpoint = hubEndpoint.isBlank() ? environment.getOrDefault("HF_ENDPOINT", "") : hubEndpoint;
        String token = hubToken.isBlank() ? environment.getOrDefault("HF_TOKEN", "") : hubToken;
        return new ModelStore.Settings(
                dataDirectory.resolve("models"),
                offline,
                endpoint.isBlank() ? HUB : endpoint,
                token.isBlank() ? Optional.empty() : Optional.of(token.strip()));
    }
}
