package dev.contexture.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A Redis Sentinel of its own, which watches a master and promotes a replica soon after the master has gone. */
public final class TestSentinel implements AutoCloseable {
    private static final String MASTER = "sessions";
    private static final Duration LONGEST_START = Duration.ofSeconds(20);

    private final Process process;
    private final int port;

    private TestSentinel(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    public static TestSentinel watching(TestRedis master) throws IOException, InterruptedException {
        int port = TestRedis.freePort();
        Path folder = Files.createTempDirectory("sentinel");
        Path settings = folder.resolve("sentinel.conf");
        Files.write(
                settings,
                List.of(
                        "port " + port,
                        "bind 127.0.0.1",
                        "dir " + folder,
                        "sentinel monitor " + MASTER + " 127.0.0.1 " + master.port() + " 1",
                        "sentinel auth-pass " + MASTER + " " + TestRedis.PASSWORD,
                        "sentinel down-after-milliseconds " + MASTER + " 500",
                        "sentinel failover-timeout " + MASTER + " 3000"));
        Process process = new ProcessBuilder(TestRedis.binary().toString(), settings.toString(), "--sentinel")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        awaitPort(process, port);
        return new TestSentinel(process, port);
    }

    private static void awaitPort(Process process, int port) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + LONGEST_START.toNanos();
        while (true) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return;
            } catch (IOException e) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    process.destroyForcibly();
                    throw new IOException("the Sentinel does not start", e);
                }
                Thread.sleep(20);
            }
        }
    }

    /** Of whatever is the master now. */
    public String url() {
        return "redis-sentinel://:" + TestRedis.PASSWORD + "@127.0.0.1:" + port + "/0#" + MASTER;
    }

    @Override
    public void close() throws InterruptedException {
        process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    }
}
