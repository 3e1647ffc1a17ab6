package dev.contexture.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A network between a client and a server on this machine: bytes arrive so much later and no faster than so many a second, in each
 * direction. Delay and pace may change while connections are open.
 */
final class SlowLink implements AutoCloseable {
    private static final int CHUNK_BYTES = 16 << 10;
    private static final int CHUNKS_UNDER_WAY = 4096;
    private static final byte[] END = {};

    private final ServerSocket server;
    private final int targetPort;
    private volatile long delayNanos;
    private volatile double bytesPerNano = Double.POSITIVE_INFINITY;

    /** Bytes that arrive at their end at that time. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Chunk(byte[] bytes, long atNanos) {}

    SlowLink(int targetPort) throws IOException {
        this.targetPort = targetPort;
        this.server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
        thread(this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    /**
     * @param roundTripMillis of which each direction takes half
     * @param megabytesPerSecond 0: as fast as the machine
     */
    void set(int roundTripMillis, int megabytesPerSecond) {
        delayNanos = TimeUnit.MILLISECONDS.toNanos(roundTripMillis) / 2;
        bytesPerNano = megabytesPerSecond == 0 ? Double.POSITIVE_INFINITY : megabytesPerSecond * 1e6 / 1e9;
    }

    private static void thread(Runnable work) {
        Thread.ofVirtual().start(work);
    }

    private void accept() {
        try {
            while (true) {
                Socket client = server.accept();
                Socket target = new Socket(InetAddress.getLoopbackAddress(), targetPort);
                client.setTcpNoDelay(true);
                target.setTcpNoDelay(true);
                connect(client, target);
                connect(target, client);
            }
        } catch (IOException e) {
            // Closed, or the server is away: then connections are refused, as they would be without the link.
        }
    }

    private void connect(Socket from, Socket to) {
        BlockingQueue<Chunk> chunks = new ArrayBlockingQueue<>(CHUNKS_UNDER_WAY);
        thread(() -> receive(from, chunks));
        thread(() -> send(chunks, to));
    }

    private void receive(Socket from, BlockingQueue<Chunk> chunks) {
        byte[] buffer = new byte[CHUNK_BYTES];
        try (InputStream in = from.getInputStream()) {
            for (int count = in.read(buffer); count > 0; count = in.read(buffer)) {
                chunks.put(new Chunk(Arrays.copyOf(buffer, count), System.nanoTime() + delayNanos));
            }
        } catch (IOException e) {
            // The end of the connection, either way.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            chunks.offer(new Chunk(END, 0));
        }
    }

    private void send(BlockingQueue<Chunk> chunks, Socket to) {
        long freeAtNanos = System.nanoTime();
        try (to;
                OutputStream out = to.getOutputStream()) {
            for (Chunk chunk = chunks.take(); chunk.bytes.length > 0; chunk = chunks.take()) {
                long begin = Math.max(Math.max(chunk.atNanos, freeAtNanos), System.nanoTime());
                freeAtNanos = begin + (long) (chunk.bytes.length / bytesPerNano);
                sleepUntil(freeAtNanos);
                out.write(chunk.bytes);
            }
        } catch (IOException e) {
            // The end of the connection.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void sleepUntil(long nanos) {
        for (long left = nanos - System.nanoTime(); left > 0; left = nanos - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
