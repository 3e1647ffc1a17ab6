package dev.contexture.config;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ConfigurableApplicationContext;
import sun.misc.Signal;

/**
 * Drains before the JVM's shutdown hooks begin. They all run at once, and one of them is ONNX Runtime's, which frees the
 * environment under the feet of a step that still runs; so SIGTERM and SIGINT close the application first and then exit.
 */
public final class TerminationSignals {
    private static final Logger LOG = LoggerFactory.getLogger(TerminationSignals.class);
    private static final List<String> NAMES = List.of("TERM", "INT");
    private static final int SIGNAL_EXIT_CODE = 128;

    private final ConfigurableApplicationContext context;
    private final AtomicBoolean closing = new AtomicBoolean();

    private TerminationSignals(ConfigurableApplicationContext context) {
        this.context = context;
    }

    /** From now on signals close the context; a second one ends the process at once. */
    public static void handle(ConfigurableApplicationContext context) {
        TerminationSignals signals = new TerminationSignals(context);
        for (String name : NAMES) {
            try {
                Signal.handle(new Signal(name), signals::received);
            } catch (IllegalArgumentException e) {
                LOG.warn(
                        "SIG{} cannot be handled ({}): running requests are not drained at shutdown",
                        name,
                        e.getMessage());
            }
        }
    }

    private void received(Signal signal) {
        int exitCode = SIGNAL_EXIT_CODE + signal.getNumber();
        if (!closing.compareAndSet(false, true)) {
            Runtime.getRuntime().halt(exitCode);
        }
        LOG.info("SIG{}: shutting down", signal.getName());
        Thread.ofPlatform().name("shutdown").daemon(false).start(() -> closeAndExit(exitCode));
    }

    /** On a thread that keeps the JVM alive: signals come on a daemon, and with the server's thread gone it would end with code 0. */
    private void closeAndExit(int exitCode) {
        try {
            context.close();
        } finally {
            System.exit(exitCode);
        }
    }
}
