package dev.contexture.engine.ort;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.contexture.engine.ModelRunException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class OrtSessionsTest {
    private static final int SOON_SECONDS = 20;

    @Test
    void optionsWithoutASessionAreClosed() throws OrtException {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        assertThatThrownBy(() -> OrtSessions.open(OrtSessions.environment(), new byte[] {1, 2, 3}, options))
                .isInstanceOf(OrtException.class);
        assertThatThrownBy(() -> options.setInterOpNumThreads(1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whatIsMadeForACallerThatIsGoneIsClosed() throws Exception {
        Semaphore begun = new Semaphore(0);
        Semaphore held = new Semaphore(0);
        CompletableFuture<String> closed = new CompletableFuture<>();
        CompletableFuture<Throwable> heard = new CompletableFuture<>();
        Thread caller = Thread.ofPlatform().start(() -> {
            try {
                DeepStack.call(
                        () -> {
                            begun.release();
                            held.acquire();
                            return "made";
                        },
                        closed::complete);
            } catch (OrtException | ModelRunException e) {
                heard.complete(e);
            }
        });
        begun.acquire();
        caller.interrupt();
        assertThat(heard.get(SOON_SECONDS, TimeUnit.SECONDS)).hasMessageContaining("interrupted");
        assertThat(closed).isNotDone();
        held.release();
        assertThat(closed.get(SOON_SECONDS, TimeUnit.SECONDS)).isEqualTo("made");
    }
}
