package dev.contexture.testing;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import redis.embedded.core.ExecutableProvider;

/** A real Redis server on a port of its own, that tests may kill, pause and fill. */
public final class TestRedis implements AutoCloseable {
    public static final String PASSWORD = "test-password";

    private static final Duration LONGEST_START = Duration.ofSeconds(20);

    private final List<String> command;
    private final int port;
    private final RedisClient client;
    private Process process;

    private TestRedis(List<String> command, int port) throws IOException {
        this.command = command;
        this.port = port;
        this.client = RedisClient.create(RedisURI.builder()
                .withHost("127.0.0.1")
                .withPort(port)
                .withPassword(PASSWORD.toCharArray())
                .withTimeout(Duration.ofSeconds(5))
                .build());
        this.process = launch();
    }

    /**
     * @param more settings, as the command line takes them
     */
    public static TestRedis start(String... more) throws IOException {
        int port = freePort();
        List<String> command = new ArrayList<>(List.of(
                binary().toString(),
                "--port",
                Integer.toString(port),
                "--bind",
                "127.0.0.1",
                "--requirepass",
                PASSWORD,
                "--save",
                "",
                "--dir",
                Files.createTempDirectory("redis").toString()));
        command.addAll(List.of(more));
        return new TestRedis(command, port);
    }

    static Path binary() throws IOException {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .map(folder -> Path.of(folder, "redis-server"))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(ExecutableProvider.newJarResourceProvider().get().toPath());
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private Process launch() throws IOException {
        Process launched = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        long deadline = System.nanoTime() + LONGEST_START.toNanos();
        while (true) {
            try (StatefulRedisConnection<String, String> connection = client.connect()) {
                connection.sync().ping();
                return launched;
            } catch (RedisException e) {
                if (!launched.isAlive() || System.nanoTime() > deadline) {
                    launched.destroyForcibly();
                    throw new IOException("redis-server does not start", e);
                }
            }
        }
    }

    public String url() {
        return "redis://:" + PASSWORD + "@127.0.0.1:" + port;
    }

    public int port() {
        return port;
    }

    /** Commands of a test's own. */
    public StatefulRedisConnection<String, String> connect() {
        return client.connect();
    }

    /** One command of a test's own. */
    public <T> T with(Function<RedisCommands<String, String>, T> work) {
        try (StatefulRedisConnection<String, String> connection = client.connect()) {
            return work.apply(connection.sync());
        }
    }

    /** SIGKILL. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** On the same port, after {@link #kill}. */
    public void startAgain() throws IOException {
        process = launch();
    }

    /** Stops it from answering, but not from being connected to. */
    public void pause() throws IOException, InterruptedException {
        signal("STOP");
    }

    public void resume() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    @Override
    public void close() {
        client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        process.destroyForcibly();
    }
}
