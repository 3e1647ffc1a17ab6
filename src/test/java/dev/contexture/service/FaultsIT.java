package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.testing.DefaultModel;
import dev.contexture.testing.TestRedis;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A real Redis that is changed, paused, killed, emptied and filled under the running service: no wrong token, no turn half kept. */
class FaultsIT {
    private static final String STORY =
            "The harbour master wrote down every ship, its cargo and its captain. ".repeat(190);
    private static final String QUESTION = "Who wrote down every ship?";
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

    private TestRedis redis;

    @BeforeEach
    void startRedis() throws Exception {
        redis = TestRedis.start("--appendonly", "yes");
    }

    @AfterEach
    void stopRedis() throws Exception {
        redis.resume();
        redis.close();
    }

    private ServiceLife start(String... more) {
        String key = Base64.getEncoder().encodeToString(new byte[32]);
        List<String> arguments = new ArrayList<>(List.of(
                "--contexture.redis.url=" + redis.url(),
                "--contexture.security.tenant-secret=" + key,
                "--contexture.security.master-keys.1=" + key,
                "--contexture.session.lease=2s",
                // What was decoded sparsely has other numbers when it is computed again as a prompt, and so other
                // answers.
                "--contexture.sparsity.mode=dense",
                "--contexture.kv.partial-restore-tokens=0"));
        arguments.addAll(List.of(more));
        return ServiceLife.start(arguments.toArray(String[]::new));
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + LONGEST_WAIT.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.sleep(50);
        }
    }

    /** A session whose blocks are in Redis, and what its next answer must be. */
    private record Begun(String session, String other, String expected) {}

    private Begun begin() throws Exception {
        try (ServiceLife service = start()) {
            String session = service.createSession();
            service.turn(session, STORY);
            String other = service.fork(session);
            return new Begun(session, other, ServiceLife.text(service.turn(service.fork(session), QUESTION)));
        }
    }

    /**
     * The answer where nothing is stored, so that all is computed anew: on some processors products of many rows differ from
     * those of few, and the answer from one behind a cached prefix.
     */
    private String computedAnew(Begun begun) throws Exception {
        try (ServiceLife service = start("--contexture.kv.host-bytes=0")) {
            return ServiceLife.text(service.turn(service.fork(begun.session), QUESTION));
        }
    }

    /** Every byte of a header is flipped in some value, others are cut off, or another's: all are refused, each by its reason. */
    @Test
    void changedBlocksAreRefusedAndComputedAgain() throws Exception {
        Begun begun = begin();
        String expected = computedAnew(begun);
        assertThat(damageAll()).isGreaterThan(500);
        try (ServiceLife service = start()) {
            JsonNode answer = service.turn(begun.session, QUESTION);
            assertThat(ServiceLife.text(answer)).isEqualTo(expected);
            assertThat(answer.at("/usage/prompt_tokens_details/cached_tokens").asInt())
                    .isZero();
            for (String reason : List.of(
                    "magic",
                    "version",
                    "fingerprint",
                    "tenant",
                    "key",
                    "codec",
                    "geometry",
                    "token_count",
                    "length",
                    "tag")) {
                assertThat(service.metric("contexture_kv_rejected_total\\{[^}]*reason=\"" + reason + "\"[^}]*}"))
                        .as(reason)
                        .isPositive();
            }
        }
    }

    private int damageAll() {
        RedisClient client = RedisClient.create(RedisURI.create(redis.url()));
        try (StatefulRedisConnection<byte[], byte[]> connection = client.connect(ByteArrayCodec.INSTANCE)) {
            List<byte[]> keys = connection.sync().keys("ctx:kv:*");
            byte[] another = connection.sync().get(keys.getFirst());
            for (int i = 0; i < keys.size(); i++) {
                byte[] value = connection.sync().get(keys.get(i));
                switch (i % 4) {
                    case 0, 1 -> value[i / 4 % 110] ^= (byte) (1 << i % 8);
                    case 2 -> value = Arrays.copyOf(value, value.length * (i % 10) / 10);
                    default -> value = i == 0 ? value : another;
                }
                connection.sync().set(keys.get(i), value);
            }
            return keys.size();
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
    }

    @Test
    void lostBlocksAreComputedAgain() throws Exception {
        Begun begun = begin();
        String expected = computedAnew(begun);
        redis.with(commands -> commands.eval(
                "for _, k in ipairs(redis.call('KEYS', 'ctx:kv:*')) do redis.call('DEL', k) end return 1",
                ScriptOutputType.INTEGER));
        try (ServiceLife service = start()) {
            assertThat(ServiceLife.text(service.turn(begun.session, QUESTION))).isEqualTo(expected);
        }
    }

    /** Paused, killed and back: requests without a session are served, turns say what is wrong, and go on afterwards. */
    @Test
    void aRedisThatIsAwayHoldsNobodyUp() throws Exception {
        Begun begun = begin();
        try (ServiceLife service = start()) {
            redis.pause();
            expectUnavailable(service, begun.session);
            expectServed(service);
            redis.resume();
            await(() -> goesOn(service, begun.session, begun.expected));
            redis.kill();
            expectUnavailable(service, begun.other);
            expectServed(service);
            assertThat(service.management().get("/actuator/health/readiness").statusCode())
                    .isEqualTo(200);
            redis.startAgain();
            await(() -> goesOn(service, begun.other, begun.expected));
            assertThat(service.metric("contexture_redis_errors_total\\{[^}]*cause=\"timeout\"[^}]*}"))
                    .isPositive();
            assertThat(service.metric("contexture_redis_errors_total\\{[^}]*cause=\"connection\"[^}]*}"))
                    .isPositive();
        }
    }

    private static boolean goesOn(ServiceLife service, String session, String expected) {
        try {
            HttpResponse<String> response = service.send("/v1/chat/completions", ServiceLife.turnOf(session, QUESTION));
            if (response.statusCode() != 200) {
                return false;
            }
            assertThat(ServiceLife.text(Client.json(response.body()))).isEqualTo(expected);
            return true;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static void expectUnavailable(ServiceLife service, String session) throws Exception {
        long begin = System.nanoTime();
        HttpResponse<String> response = service.send("/v1/chat/completions", ServiceLife.turnOf(session, QUESTION));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(503);
        assertThat(response.headers().firstValue("retry-after")).isPresent();
        assertThat(Client.json(response.body()).at("/error/code").asString()).isEqualTo("session_store_unavailable");
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
    }

    private static void expectServed(ServiceLife service) throws Exception {
        JsonNode answer = service.post(
                "/v1/chat/completions",
                Map.of(
                        "model",
                        DefaultModel.ID,
                        "max_tokens",
                        8,
                        "messages",
                        List.of(Map.of("role", "user", "content", "Name a river."))));
        assertThat(ServiceLife.text(answer)).isNotBlank();
    }

    /** What cannot be kept is said, and the answer is given all the same. */
    @Test
    void aFullRedisIsSaidInTheAnswer() throws Exception {
        try (ServiceLife service = start()) {
            String session = service.createSession();
            service.turn(session, "Name a river.");
            redis.with(commands -> commands.configSet("maxmemory-policy", "noeviction"));
            redis.with(commands -> commands.configSet("maxmemory", "1mb"));
            JsonNode answer = service.turn(session, STORY);
            assertThat(ServiceLife.text(answer)).isNotBlank();
            assertThat(answer.at("/contexture/session/committed").asBoolean()).isFalse();
            assertThat(answer.at("/contexture/persisted").asBoolean()).isFalse();
            redis.with(commands -> commands.configSet("maxmemory", "0"));
            assertThat(service.turn(session, "And another one?")
                            .at("/contexture/session/turn")
                            .asInt())
                    .as("the turn before is not part of it")
                    .isEqualTo(2);
        }
    }

    /** A response is given without its store, and says that it is not kept; one that goes on from another needs it. */
    @Test
    void responsesAreGivenWithoutRedis() throws Exception {
        Map<String, Object> question =
                Map.of("model", DefaultModel.ID, "temperature", 0, "max_output_tokens", 8, "input", "Name a river.");
        try (ServiceLife service = start()) {
            JsonNode first = service.post("/v1/responses", question);
            assertThat(first.path("store").asBoolean()).isTrue();
            redis.pause();
            JsonNode second = service.post("/v1/responses", question);
            assertThat(second.path("output").size()).isEqualTo(1);
            assertThat(second.path("store").asBoolean()).isFalse();
            assertThat(service.metric("contexture_responses_not_stored_total")).isEqualTo(1);
            Map<String, Object> next = new HashMap<>(question);
            next.put("previous_response_id", first.path("id").asString());
            assertThat(service.send("/v1/responses", next).statusCode()).isEqualTo(503);
            redis.resume();
            await(() -> status(service, next) == 200);
        }
    }

    private static int status(ServiceLife service, Map<String, ?> response) {
        try {
            return service.send("/v1/responses", response).statusCode();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Every turn that was answered is part of the session, once; the others were refused. */
    @Test
    void twoReplicasShareASession() throws Exception {
        try (ServiceLife one = start();
                ServiceLife other = start();
                ExecutorService threads = Executors.newFixedThreadPool(4)) {
            String session = one.createSession();
            int answered = 0;
            for (int round = 0; round < 5; round++) {
                List<CompletableFuture<Integer>> turns = new ArrayList<>();
                for (ServiceLife replica : List.of(one, other, one, other)) {
                    String message = "Message " + round + " of " + turns.size();
                    turns.add(CompletableFuture.supplyAsync(() -> status(replica, session, message), threads));
                }
                List<Integer> statuses =
                        turns.stream().map(CompletableFuture::join).toList();
                assertThat(statuses).containsAnyOf(200).allMatch(status -> status == 200 || status == 409);
                answered +=
                        (int) statuses.stream().filter(status -> status == 200).count();
            }
            JsonNode found =
                    Client.json(other.client().get("/v1/sessions/" + session).body());
            assertThat(found.path("turns").asInt()).isEqualTo(answered);
            assertThat(found.path("messages").asInt()).isEqualTo(2 * answered);
        }
    }

    private static int status(ServiceLife replica, String session, String message) {
        try {
            return replica.send("/v1/chat/completions", ServiceLife.turnOf(session, message))
                    .statusCode();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
