package dev.contexture.config;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Redis of our own for where none is named: a child process on a loopback port with a password that nobody else knows. Its data
 * lies in a folder, an append-only file that is synced every second, so it is there after the next start, however this process
 * ends. A server that a killed process left behind is ended first, by its own command, so nothing of it is lost.
 */
final class EmbeddedRedis implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedRedis.class);
    private static final Duration LONGEST_START = Duration.ofSeconds(60);
    private static final Duration LONGEST_STOP = Duration.ofSeconds(10);
    private static final Duration ANSWER = Duration.ofMillis(500);
    private static final long POLL_MILLIS = 20;
    private static final Path SETSID = Path.of("/usr/bin/setsid");
    private static final String OWNER_ONLY = "rwx------";

    private final Process process;
    private final FileLock lock;
    private final Path folder;
    private final Endpoint endpoint;

    /** How to reach a server. */
    private record Endpoint(int port, String password) {
        RedisURI uri() {
            return RedisURI.builder()
                    .withHost("127.0.0.1")
                    .withPort(port)
                    .withPassword(password.toCharArray())
                    .withTimeout(ANSWER)
                    .build();
        }
    }

    private EmbeddedRedis(Process process, FileLock lock, Path folder, Endpoint endpoint) {
        this.process = process;
        this.lock = lock;
        this.folder = folder;
        this.endpoint = endpoint;
    }

    /**
     * @param binary {@code redis-server}
     * @param dataFolder of its data, made if it is not there
     * @throws InvalidSettingException if another process uses the folder
     * @throws IOException if it does not start
     */
    static EmbeddedRedis start(Path binary, Path dataFolder, long maxBytes, SecureRandom random) throws IOException {
        Path folder = Files.createDirectories(dataFolder.toAbsolutePath());
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString(OWNER_ONLY));
        FileLock lock = lock(folder);
        try {
            endLeftover(folder);
            byte[] password = new byte[24];
            random.nextBytes(password);
            Endpoint endpoint = new Endpoint(freePort(), HexFormat.of().formatHex(password));
            Path settings = writeSettings(folder, endpoint, maxBytes);
            Process process = new ProcessBuilder(command(binary, settings))
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("redis.log").toFile())
                    .start();
            EmbeddedRedis redis = new EmbeddedRedis(process, lock, folder, endpoint);
            try {
                remember(folder, endpoint, process.pid());
                redis.awaitAnswer();
                return redis;
            } catch (IOException | RuntimeException e) {
                process.destroyForcibly();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            lock.channel().close();
            throw e;
        }
    }

    /** In a session of its own where that can be had: an interrupt from the terminal is for us, who still have to write. */
    private static List<String> command(Path binary, Path settings) {
        return Files.isExecutable(SETSID)
                ? List.of(SETSID.toString(), binary.toString(), settings.toString())
                : List.of(binary.toString(), settings.toString());
    }

    private static FileLock lock(Path folder) throws IOException {
        FileChannel channel =
                FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        Optional<FileLock> lock;
        try {
            lock = Optional.ofNullable(channel.tryLock());
        } catch (OverlappingFileLockException e) {
            lock = Optional.empty();
        }
        if (lock.isEmpty()) {
            channel.close();
            throw new InvalidSettingException(new IllegalArgumentException("another process keeps its sessions in "
                    + folder + ": give this one another contexture.data-dir, or both the same contexture.redis.url"));
        }
        return lock.get();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** The password is in a file that only we can read, not among the arguments that everyone sees. */
    private static Path writeSettings(Path folder, Endpoint endpoint, long maxBytes) throws IOException {
        Path file = folder.resolve("redis.conf");
        Files.writeString(
                file,
                String.join(
                        "\n",
                        List.of(
                                "bind 127.0.0.1",
                                "port " + endpoint.port,
                                "protected-mode yes",
                                "requirepass " + endpoint.password,
                                "daemonize no",
                                "save \"\"",
                                "appendonly yes",
                                "appendfsync everysec",
                                "maxmemory " + maxBytes,
                                "maxmemory-policy volatile-lru",
                                "dir .",
                                "")));
        return file;
    }

    private static void remember(Path folder, Endpoint endpoint, long pid) throws IOException {
        Properties properties = new Properties();
        properties.setProperty("port", Integer.toString(endpoint.port));
        properties.setProperty("password", endpoint.password);
        properties.setProperty("pid", Long.toString(pid));
        try (var out = Files.newOutputStream(folder.resolve("server.properties"))) {
            properties.store(out, null);
        }
    }

    private static void endLeftover(Path folder) throws IOException {
        Path file = folder.resolve("server.properties");
        if (!Files.exists(file)) {
            return;
        }
        Properties properties = new Properties();
        try (var in = Files.newInputStream(file)) {
            properties.load(in);
        }
        String port = properties.getProperty("port", "");
        String password = properties.getProperty("password", "");
        String pid = properties.getProperty("pid", "");
        if (!port.matches("\\d{1,5}") || password.isEmpty() || !pid.matches("\\d{1,18}")) {
            return;
        }
        Endpoint leftover = new Endpoint(Integer.parseInt(port), password);
        long deadline = System.nanoTime() + LONGEST_START.toNanos();
        boolean wasThere = false;
        // One that still loads what it has refuses to end; two on the same files would spoil them.
        while (isRedis(Long.parseLong(pid))) {
            if (System.nanoTime() > deadline) {
                throw new IOException("a Redis that an earlier process left behind (process " + pid + ") still uses "
                        + folder + " and does not end: end it, then start again");
            }
            wasThere |= shutDown(leftover);
            pause();
        }
        if (wasThere) {
            LOG.info("Ended the Redis that an earlier process left behind in {}", folder);
        }
    }

    private static boolean isRedis(long pid) {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .flatMap(process -> process.info().command())
                .map(command -> command.contains("redis"))
                .orElse(false);
    }

    /**
     * Has a server write what it has and end.
     *
     * @return whether there was one that took our password
     */
    private static boolean shutDown(Endpoint endpoint) {
        RedisClient client = RedisClient.create(endpoint.uri());
        try (StatefulRedisConnection<String, String> connection = client.connect()) {
            connection.sync().ping();
            try {
                connection.sync().shutdown(false);
            } catch (RedisException e) {
                // It ends before it answers.
            }
            return awaitGone(endpoint);
        } catch (RedisException e) {
            return false;
        } finally {
            client.shutdown(Duration.ZERO, ANSWER);
        }
    }

    private static boolean awaitGone(Endpoint endpoint) {
        long deadline = System.nanoTime() + LONGEST_STOP.toNanos();
        while (System.nanoTime() < deadline) {
            try (ServerSocket free = new ServerSocket(endpoint.port, 1, InetAddress.getLoopbackAddress())) {
                return free.isBound();
            } catch (IOException e) {
                pause();
            }
        }
        return false;
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for Redis", e);
        }
    }

    private void awaitAnswer() throws IOException {
        long deadline = System.nanoTime() + LONGEST_START.toNanos();
        RedisClient client = RedisClient.create(endpoint.uri());
        try {
            while (process.isAlive() && System.nanoTime() < deadline) {
                try (StatefulRedisConnection<String, String> connection = client.connect()) {
                    connection.sync().ping();
                    return;
                } catch (RedisException e) {
                    pause(); // not there yet, or loading
                }
            }
        } finally {
            client.shutdown(Duration.ZERO, ANSWER);
        }
        process.destroyForcibly();
        throw new IOException("redis-server did not start: see " + folder.resolve("redis.log"));
    }

    /** With the password. */
    String url() {
        return "redis://:" + endpoint.password + "@127.0.0.1:" + endpoint.port;
    }

    @Override
    public void close() {
        if (!shutDown(endpoint)) {
            process.destroy();
        }
        try {
            if (!process.waitFor(LONGEST_STOP)) {
                process.destroyForcibly();
            }
            lock.channel().close();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException("the lock of " + folder + " was not given back", e);
        }
    }
}
