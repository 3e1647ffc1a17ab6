package dev.contexture.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.session.store.SessionStoreUnavailableException;
import dev.contexture.testing.TestRedis;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** Two processes, as far as conversations can tell. */
class ConversationsInRedisTest {
    private static final List<SessionMessage> SAID =
            List.of(SessionMessage.of("user", "One?"), SessionMessage.of("assistant", "Yes."));

    private static TestRedis redis;

    @BeforeAll
    static void start() throws IOException {
        redis = TestRedis.start();
    }

    @AfterAll
    static void stop() throws Exception {
        redis.close();
    }

    private static ConversationsInRedis open(int secret) throws InterruptedException {
        byte[] tenantSecret = new byte[TenantNamespaces.LEAST_SECRET_BYTES];
        tenantSecret[0] = (byte) secret;
        ConversationsInRedis opened = new ConversationsInRedis(
                new ConversationsInRedis.Address(redis.url(), false, Optional.empty()),
                tenantSecret,
                new SessionSettings(
                        Duration.ofDays(1), Duration.ofDays(1), Duration.ofSeconds(15), Duration.ofSeconds(5), 100_000),
                Mono.just("model"),
                InstantSource.system(),
                System::nanoTime,
                new SecureRandom());
        for (int i = 0; i < 200; i++) {
            try {
                opened.conversations().messages("tenant", "nobody").block();
                return opened;
            } catch (SessionStoreUnavailableException e) {
                Thread.sleep(25); // it connects in the background
            }
        }
        throw new AssertionError("no connection");
    }

    @Test
    void whoHasTheSecretSharesThem() throws Exception {
        try (ConversationsInRedis here = open(1);
                ConversationsInRedis there = open(1);
                ConversationsInRedis stranger = open(2)) {
            here.conversations().write("tenant", "alice", SAID).block();
            assertThat(there.conversations().messages("tenant", "alice").block())
                    .isEqualTo(SAID);
            there.conversations().write("tenant", "alice", SAID.subList(0, 1)).block();
            assertThat(here.conversations().messages("tenant", "alice").block()).isEqualTo(SAID.subList(0, 1));
            assertThat(here.conversations().names("tenant").collectList().block())
                    .containsExactly("alice");
            assertThat(stranger.conversations().messages("tenant", "alice").block())
                    .isEmpty();
            there.conversations().delete("tenant", "alice").block();
            assertThat(here.conversations().messages("tenant", "alice").block()).isEmpty();
        }
    }

    @Test
    void whatCannotBeIsRefusedAtOnce() {
        assertThatThrownBy(() -> new ConversationsInRedis(
                        new ConversationsInRedis.Address(redis.url(), false, Optional.empty()),
                        new byte[8],
                        new SessionSettings(
                                Duration.ofDays(1),
                                Duration.ofDays(1),
                                Duration.ofSeconds(15),
                                Duration.ofSeconds(5),
                                100_000),
                        Mono.just("model"),
                        InstantSource.system(),
                        System::nanoTime,
                        new SecureRandom()))
                .hasMessageContaining("at least 32 bytes but has 8");
    }
}
