package dev.contexture.model.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;

/**
 * What was fetched of one repository: a folder per commit, and a note per reference that says which commit and files it
 * stood for, so that a start without network finds them.
 */
final class HubSnapshots {
    private final Path folder;

    HubSnapshots(Path folder) {
        this.folder = folder;
    }

    /** Files of a repository at one commit; a single one is a GGUF file. */
    record Snapshot(Path folder, List<String> files) {}

    /** What the reference stood for when it was last fetched, if all of it is there. */
    Optional<Snapshot> find(ModelReference.Hub reference) throws IOException {
        Path note = note(reference);
        if (!Files.exists(note)) {
            return Optional.empty();
        }
        List<String> lines = Files.readAllLines(note);
        if (lines.size() < 2) {
            return Optional.empty();
        }
        Snapshot snapshot = new Snapshot(folder.resolve(lines.getFirst()), lines.subList(1, lines.size()));
        boolean complete = snapshot.files.stream().allMatch(name -> Files.isRegularFile(snapshot.folder.resolve(name)));
        return complete ? Optional.of(snapshot) : Optional.empty();
    }

    void remember(ModelReference.Hub reference, Snapshot snapshot) throws IOException {
        StringBuilder text = new StringBuilder(snapshot.folder.getFileName().toString()).append('\n');
        snapshot.files.forEach(name -> text.append(name).append('\n'));
        Path note = note(reference);
        Path fresh = note.resolveSibling(note.getFileName() + ".tmp");
        Files.createDirectories(note.getParent());
        Files.writeString(fresh, text);
        Files.move(fresh, note, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private Path note(ModelReference.Hub reference) {
        String name = reference.revision()
                + reference.file().map(file -> "+" + file.replace('/', '+')).orElse("");
        return folder.resolve("refs").resolve(name);
    }

    /**
     * Which files to fetch: the one asked for, else a safetensors model, else the only GGUF file.
     *
     * @throws ModelUnavailableException if the repository has no such file, no model, or several to choose from
     */
    Snapshot plan(ModelReference.Hub reference, Hub.Listing listing) {
        Path at = folder.resolve(listing.commit());
        if (reference.file().isPresent()) {
            String file = reference.file().get();
            if (!listing.hashes().containsKey(file) || !file.endsWith(".gguf")) {
                throw new ModelUnavailableException(reference.repository() + " has no GGUF file " + file + " at "
                        + reference.revision() + "; it has " + ggufFiles(listing) + ".");
            }
            return new Snapshot(at, List.of(file));
        }
        List<String> parts =
                listing.hashes().keySet().stream().filter(FolderFiles::isPart).toList();
        boolean hasWeights = parts.stream().anyMatch(name -> name.endsWith(".safetensors"));
        if (hasWeights && parts.contains("config.json")) {
            return new Snapshot(at, parts);
        }
        List<String> ggufs = ggufFiles(listing);
        if (ggufs.size() == 1) {
            return new Snapshot(at, ggufs);
        }
        throw new ModelUnavailableException(
                ggufs.isEmpty()
                        ? reference.repository() + " has neither safetensors with a config.json nor a GGUF file."
                        : reference.repository() + " has several models; choose one, for example hf:"
                                + reference.repository() + "/" + ggufs.getFirst() + ". It has " + ggufs + ".");
    }

    private static List<String> ggufFiles(Hub.Listing listing) {
        return listing.hashes().keySet().stream()
                .filter(name -> name.endsWith(".gguf"))
                .sorted()
                .toList();
    }
}
