package dev.contexture.model.graph;

import dev.contexture.core.Precision;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.head.RetrievalHeadFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Compiles a model, with its retrieval head if it has one, into ONNX graphs with their weights beside them, once per fingerprint.
 *
 * <p>A finished graph is a folder that appears by one rename; its manifest holds the graphs' checksums and the weights'
 * size, so that a damaged folder is found and made anew.
 */
public final class GraphCompiler {
    /** Changes whenever the same model would give other graphs or weights. */
    static final int VERSION = 11;

    private static final String GRAPH = "model.onnx";
    private static final String HEAD_KEYS = "retrieval-keys.onnx";
    private static final String HEAD_QUERY = "retrieval-query.onnx";
    private static final String WEIGHTS = "weights.bin";
    private static final String MANIFEST = "manifest.txt";

    private final Path directory;

    public GraphCompiler(Path directory) {
        this.directory = directory;
    }

    /** A model without a retrieval head. */
    public CompiledModel compile(ModelSource source, String modelSha256, Precision precision) {
        return compile(source, modelSha256, precision, Optional.empty());
    }

    /**
     * @param modelSha256 of the model's files
     * @throws dev.contexture.model.ModelFormatException if a weight is missing or has the wrong shape, or the head is for
     *     another model
     */
    public CompiledModel compile(
            ModelSource source, String modelSha256, Precision precision, Optional<RetrievalHeadFile> head) {
        head.ifPresent(file -> file.config().requireFits(source.config()));
        String fingerprint = sha256("%s|%s|%s|%d"
                        .formatted(
                                modelSha256,
                                precision,
                                head.map(RetrievalHeadFile::sha256).orElse("no head"),
                                VERSION)
                        .getBytes(StandardCharsets.UTF_8))
                .substring(0, 32);
        Path folder = directory.resolve(fingerprint);
        try {
            Files.createDirectories(directory);
            // Two processes may start at once: the second waits and finds the first one's work.
            try (FileChannel channel = FileChannel.open(
                            directory.resolve(fingerprint + ".lock"),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
                    FileLock lock = channel.lock()) {
                if (!isSound(folder)) {
                    write(source, precision, head, folder);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the compiled graph cannot be written to " + folder, e);
        }
        return new CompiledModel(
                folder.resolve(GRAPH),
                fingerprint,
                source.config(),
                head.map(file ->
                        new CompiledModel.Head(folder.resolve(HEAD_KEYS), folder.resolve(HEAD_QUERY), file.config())));
    }

    private void write(ModelSource source, Precision precision, Optional<RetrievalHeadFile> head, Path folder)
            throws IOException {
        delete(folder);
        Path work = Files.createTempDirectory(directory, "compiling");
        try {
            try (WeightsFile weights = new WeightsFile(work.resolve(WEIGHTS))) {
                GraphBuilder graph = new GraphBuilder("decoder", weights, WEIGHTS);
                Optional<RetrievalGraph> retrieval = head.map(file -> new RetrievalGraph(source, file, precision));
                new DecoderGraph(source, precision, retrieval, graph).emit();
                write(graph, work.resolve(GRAPH));
                if (retrieval.isPresent()) {
                    GraphBuilder keys = new GraphBuilder("retrieval keys", weights, WEIGHTS);
                    retrieval.get().emitKeys(keys);
                    write(keys, work.resolve(HEAD_KEYS));
                    GraphBuilder query = new GraphBuilder("retrieval query", weights, WEIGHTS);
                    retrieval.get().emitQuery(query);
                    write(query, work.resolve(HEAD_QUERY));
                }
            }
            Files.writeString(work.resolve(MANIFEST), manifest(work));
            Files.move(work, folder, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            delete(work);
        }
    }

    private static void write(GraphBuilder graph, Path path) throws IOException {
        try (OutputStream out = Files.newOutputStream(path)) {
            graph.build().writeTo(out);
        }
    }

    private static boolean isSound(Path folder) throws IOException {
        Path manifest = folder.resolve(MANIFEST);
        return Files.isRegularFile(manifest)
                && Files.isRegularFile(folder.resolve(GRAPH))
                && Files.isRegularFile(folder.resolve(WEIGHTS))
                && Files.readString(manifest).equals(manifest(folder));
    }

    private static String manifest(Path folder) throws IOException {
        StringBuilder text = new StringBuilder();
        for (String graph : List.of(GRAPH, HEAD_KEYS, HEAD_QUERY)) {
            if (Files.exists(folder.resolve(graph))) {
                text.append("%s sha256 %s%n".formatted(graph, sha256(folder.resolve(graph))));
            }
        }
        return text.append("weights bytes %d%n".formatted(Files.size(folder.resolve(WEIGHTS))))
                .toString();
    }

    private static String sha256(byte[] bytes) {
        return HexFormat.of().formatHex(newSha256().digest(bytes));
    }

    private static String sha256(Path file) throws IOException {
        MessageDigest digest = newSha256();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(
                    Path visited, @org.jspecify.annotations.Nullable IOException failure) throws IOException {
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
