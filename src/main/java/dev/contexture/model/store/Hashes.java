package dev.contexture.model.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * SHA-256 of model files, remembered: gigabytes are read once, not at each start. What is remembered of a file holds as long
 * as its size and time of change do.
 */
final class Hashes {
    private static final int BUFFER_BYTES = 1 << 20;

    private final Path directory;

    Hashes(Path directory) {
        this.directory = directory;
    }

    String of(Path file) throws IOException {
        Path note = directory.resolve(ofText(file.toRealPath().toString()));
        String state = Files.size(file) + " " + Files.getLastModifiedTime(file).toMillis();
        if (Files.exists(note)) {
            List<String> lines = Files.readAllLines(note);
            if (lines.size() == 2 && lines.getFirst().equals(state)) {
                return lines.get(1);
            }
        }
        String hash = compute(file);
        Files.createDirectories(directory);
        Path fresh = Files.createTempFile(directory, "note", ".tmp");
        Files.write(fresh, List.of(state, hash));
        Files.move(fresh, note, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return hash;
    }

    /** Of the names and hashes of a folder's files. */
    String of(Path folder, List<Path> files) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Path file : files.stream().sorted().toList()) {
            text.append(folder.relativize(file)).append(' ').append(of(file)).append('\n');
        }
        return ofText(text.toString());
    }

    static String compute(Path file) throws IOException {
        MessageDigest digest = sha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static String ofText(String text) {
        return HexFormat.of().formatHex(sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
