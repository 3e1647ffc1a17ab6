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

    public DeliveryThread start() {
        thread.start();
        return this;
    }

    @Override
    public void execute(Runnable delivery) {
        boolean interrupted = false;
        while (!offered(delivery)) {
            interrupted |= Thread.interrupted(); // nothing may be lost
            if (!thread.isAlive()) {
                delivery.run(); // closed: whoever comes now is the only one
                break;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean offered(Runnable delivery) {
        try {
            return thread.isAlive() && waiting.offer(delivery, 1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void run() {
        while (!closing) {
            try {
                waiting.take().run();
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                LOG.error("Tokens could not be delivered", e);
            }
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
