package dev.contexture.scheduler;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that calls sinks, in order. Whoever hands it more than it can take waits: sinks do not block, so that lasts as
 * long as they compute.
 */
public final class DeliveryThread implements Executor, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DeliveryThread.class);
    /** Steps' worth of tokens. */
    private static final int MOST_WAITING = 64;

    private final BlockingQueue<Runnable> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
    private final Thread thread =
            Thread.ofPlatform().name("token-delivery").daemon(true).unstarted(this::run);
    private boolean closing; // the thread's own
    private volatile boolean ended;

    public DeliveryThread start() {
        thread.start();
        return this;
    }

    /** Once this is closed, the calling thread delivers. */
    @Override
    public void execute(Runnable delivery) {
        boolean interrupted = false;
        while (!offered(delivery)) {
            interrupted |= Thread.interrupted(); // nothing may be lost
        }
        if (ended) {
            deliverWaiting();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean offered(Runnable delivery) {
        if (ended) {
            deliverWaiting();
        }
        try {
            return waiting.offer(delivery, 1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void run() {
        try {
            while (!closing) {
                deliver(waiting.take());
            }
        } catch (InterruptedException e) {
            LOG.warn("Tokens are delivered by those who bring them: the thread for it was interrupted");
        } finally {
            ended = true; // before what waits: whoever offers later sees it
            deliverWaiting();
        }
    }

    private synchronized void deliverWaiting() {
        for (Runnable each = waiting.poll(); each != null; each = waiting.poll()) {
            deliver(each);
        }
    }

    private static void deliver(Runnable delivery) {
        try {
            delivery.run();
        } catch (RuntimeException | Error e) {
            LOG.error("Tokens could not be delivered", e);
        }
    }

    /** When all that waits has been delivered. */
    @Override
    public void close() {
        execute(() -> closing = true);
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
