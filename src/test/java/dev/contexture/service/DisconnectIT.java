package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.scheduler.SchedulerLoop;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/** Clients that go away or do not read. */
@ServiceTest
class DisconnectIT {
    private static final String ENDLESS =
            WireShapeIT.chat("\"max_tokens\":6000,\"logit_bias\":{\"2\":-100},\"stream\":%s");

    @LocalServerPort
    private int port;

    @Autowired
    private SchedulerLoop loop;

    @Autowired
    private MeterRegistry meters;

    private Socket send(String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        Socket socket = new Socket("localhost", port);
        socket.getOutputStream()
                .write(("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\ncontent-type: application/json\r\n"
                                + "content-length: " + bytes.length + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
        return socket;
    }

    private double disconnects() {
        return meters.get("contexture.request.cancels")
                .tag("cause", "client_disconnected")
                .counter()
                .count();
    }

    private void awaitRunning() throws InterruptedException {
        Instant deadline = Instant.now().plus(Duration.ofSeconds(30));
        while (loop.stats().running() == 0 && Instant.now().isBefore(deadline)) {
            Thread.sleep(10);
        }
        assertThat(loop.stats().running()).isPositive();
    }

    @Test
    void aStreamThatIsClosedEnds() throws Exception {
        double before = disconnects();
        try (Socket socket = send(ENDLESS.formatted("true"))) {
            assertThat(new String(socket.getInputStream().readNBytes(300), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 200");
            awaitRunning();
        }
        Idle.await(loop);
        assertThat(disconnects()).isEqualTo(before + 1);
    }

    @Test
    void aWholeAnswerThatNobodyWaitsForEnds() throws Exception {
        double before = disconnects();
        try (Socket socket = send(ENDLESS.formatted("false"))) {
            awaitRunning();
        }
        Idle.await(loop);
        assertThat(disconnects()).isEqualTo(before + 1);
    }

    @Test
    void aBodyThatNeverEndsIsNotWaitedFor() throws Exception {
        try (Socket socket = new Socket("localhost", port)) {
            socket.getOutputStream()
                    .write(
                            ("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\ncontent-type: application/json\r\n"
                                            + "content-length: 1000\r\n\r\n{")
                                    .getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().flush();
            assertThat(new String(socket.getInputStream().readNBytes(12), StandardCharsets.UTF_8))
                    .isEqualTo("HTTP/1.1 408");
        }
    }

    @Test
    void aReaderThatDoesNotReadSlowsNobody() throws Exception {
        try (Socket deaf = send(ENDLESS.formatted("true"));
                Client client = new Client(port)) {
            awaitRunning();
            long steps = loop.stats().steps();
            for (int i = 0; i < 5; i++) {
                assertThat(client.post("/v1/chat/completions", WireShapeIT.chat("\"max_tokens\":20"))
                                .statusCode())
                        .isEqualTo(200);
            }
            assertThat(loop.stats().steps()).isGreaterThan(steps + 20);
            assertThat(deaf.isConnected()).isTrue();
        }
        Idle.await(loop);
    }
}
