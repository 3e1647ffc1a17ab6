package dev.contexture.model.store;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@code contexture.model.id} may name. */
public sealed interface ModelReference {
    /** A model that Contexture knows by name, with the hash of its bytes. */
    record BuiltIn(BuiltInModel model) implements ModelReference {}

    /**
     * A repository of the Hugging Face hub, or one file of it.
     *
     * @param repository owner/name
     * @param revision a branch, tag or commit
     */
    record Hub(String repository, String revision, Optional<String> file) implements ModelReference {
        @Override
        public String toString() {
            return HUB_PREFIX + repository + "@" + revision
                    + file.map(name -> "/" + name).orElse("");
        }
    }

    /** A GGUF file or a folder with safetensors files. */
    record Local(Path path) implements ModelReference {}

    String HUB_PREFIX = "hf:";

    Pattern HUB = Pattern.compile(
            "(?<owner>[A-Za-z0-9][A-Za-z0-9._-]*)/(?<name>[A-Za-z0-9][A-Za-z0-9._-]*)(@(?<revision>[A-Za-z0-9][A-Za-z0-9._-]*))?(/(?<file>.+))?");

    /**
     * @throws ModelUnavailableException if the text names nothing; says what could be written instead
     */
    static ModelReference parse(String text) {
        Optional<BuiltInModel> builtIn = BuiltInModel.byName(text);
        if (builtIn.isPresent()) {
            return new BuiltIn(builtIn.get());
        }
        if (text.startsWith(HUB_PREFIX)) {
            return hub(text);
        }
        boolean looksLikePath = text.indexOf('/') >= 0 || text.indexOf('\\') >= 0 || text.endsWith(".gguf");
        if (text.isBlank() || !looksLikePath && !Path.of(text).toFile().exists()) {
            throw new ModelUnavailableException("There is no model named '" + text + "'. Name a built-in model ("
                    + BuiltInModel.names() + "), a repository of the hub (hf:owner/name, hf:owner/name@revision,"
                    + " hf:owner/name/file.gguf), or a local file or folder.");
        }
        return new Local(Path.of(text));
    }

    private static Hub hub(String text) {
        Matcher matcher = HUB.matcher(text.substring(HUB_PREFIX.length()));
        if (!matcher.matches()) {
            throw new ModelUnavailableException(
                    "'" + text + "' is no reference to the hub: write hf:owner/name, hf:owner/name@revision or"
                            + " hf:owner/name/file.gguf.");
        }
        String file = matcher.group("file");
        if (file != null && !SafePath.isRelativeAndInside(file)) {
            throw new ModelUnavailableException(
                    "'" + text + "' leaves its repository: '" + file + "' is no file in it.");
        }
        String revision = matcher.group("revision");
        return new Hub(
                matcher.group("owner") + "/" + matcher.group("name"),
                revision == null ? "main" : revision,
                Optional.ofNullable(file));
    }
}
