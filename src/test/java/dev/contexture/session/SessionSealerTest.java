package dev.contexture.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SessionSealerTest {
    private static final String NAMESPACE = "0123456789abcdef0123456789abcdef";
    private static final Session SESSION = new Session(
            "ses_000000000000000000000001",
            "lineage",
            "model",
            Instant.ofEpochMilli(1_000),
            Instant.ofEpochMilli(2_000),
            Duration.ofDays(1),
            true,
            Map.of("colour", "blue"),
            3,
            List.of(
                    SessionMessage.of("user", "Grüße"),
                    new SessionMessage(Map.of(
                            "role",
                            "assistant",
                            "content",
                            "",
                            "tool_calls",
                            List.of(Map.of("id", "1", "function", Map.of("name", "f", "arguments", "{}")))))),
            new int[] {1, -2, 1 << 30},
            "replica",
            List.of(new Session.Mark("resp_1", 2, 3)));

    private final SessionCodec codec = new SessionCodec();
    private final SessionSealer sealer = new SessionSealer(new byte[32], new SecureRandom());

    @Test
    void comesBackAsItWas() {
        byte[] sealed = sealer.seal(NAMESPACE, SESSION.id(), codec.encode(SESSION));
        Session opened = codec.decode(sealer.open(NAMESPACE, SESSION.id(), sealed));
        assertThat(opened).usingRecursiveComparison().isEqualTo(SESSION);
    }

    @Test
    void aFlippedBitInAnyByteIsFound() {
        byte[] sealed = sealer.seal(NAMESPACE, SESSION.id(), codec.encode(SESSION));
        for (int i = 0; i < sealed.length; i++) {
            byte[] changed = sealed.clone();
            changed[i] ^= (byte) (1 << (i % 8));
            assertThatThrownBy(() -> sealer.open(NAMESPACE, SESSION.id(), changed))
                    .as("byte %d", i)
                    .isInstanceOf(DamagedSessionException.class);
        }
        for (int length = 0; length < sealed.length; length += 7) {
            byte[] cut = Arrays.copyOf(sealed, length);
            assertThatThrownBy(() -> sealer.open(NAMESPACE, SESSION.id(), cut))
                    .isInstanceOf(DamagedSessionException.class);
        }
    }

    @Test
    void anothersRecordDoesNotOpen() {
        byte[] sealed = sealer.seal(NAMESPACE, SESSION.id(), codec.encode(SESSION));
        byte[] otherSecret = new byte[32];
        otherSecret[5] = 1;
        assertThatThrownBy(() -> sealer.open(NAMESPACE.replace('0', '1'), SESSION.id(), sealed))
                .isInstanceOf(DamagedSessionException.class);
        assertThatThrownBy(() -> sealer.open(NAMESPACE, "ses_000000000000000000000002", sealed))
                .isInstanceOf(DamagedSessionException.class);
        assertThatThrownBy(
                        () -> new SessionSealer(otherSecret, new SecureRandom()).open(NAMESPACE, SESSION.id(), sealed))
                .isInstanceOf(DamagedSessionException.class);
    }

    @Test
    void whatIsNoSessionIsRefused() {
        for (String text : List.of("", "{}", "[]", "{\"version\":2}", "{\"version\":1}", "nonsense")) {
            assertThatThrownBy(() -> codec.decode(text.getBytes(StandardCharsets.UTF_8)))
                    .as(text)
                    .isInstanceOf(DamagedSessionException.class);
        }
    }
}
