package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.FinishReason;
import dev.contexture.scheduler.RecordingSink.Manner;
import dev.contexture.scheduler.TokenGenerator.SequenceHandle;
import dev.contexture.testing.FakeModel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random requests, cancellations, failing steps and misbehaving sinks on a pool that is too small; sinks are called at once or
 * some turns later. Whatever happens, every
 * sequence ends once, and those that end well have exactly the tokens that they would have had alone.
 */
class SchedulerFuzzTest {
    private static final int OPERATIONS = 600;
    private static final int CONTEXT = 120;

    /** A sequence that was taken, and what must become of it. */
    private record Taken(int[] prompt, int maxTokens, RecordingSink sink, SequenceHandle handle) {}

    private final List<Taken> taken = new ArrayList<>();
    private final Deque<Runnable> late = new ArrayDeque<>();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void everySequenceEndsOnceWithItsOwnTokens(long seed) {
        Random random = new Random(seed);
        LoopFixture fixture = new LoopFixture(
                16 + random.nextInt(24), new SchedulerConfig(6 + random.nextInt(40), 6, 10, 400, CONTEXT));
        if (seed % 2 == 0) {
            fixture.delivery = late::add;
        }
        for (int i = 0; i < OPERATIONS; i++) {
            if (random.nextInt(3) == 0) {
                deliver(random.nextInt(4));
            }
            switch (random.nextInt(10)) {
                case 0, 1, 2 -> submit(fixture, random);
                case 3 -> cancelOne(random);
                case 4 -> failOccasionally(fixture, random);
                default -> fixture.turn();
            }
        }
        fixture.turnUntilIdle();
        deliver(late.size());

        taken.forEach(SchedulerFuzzTest::assertEnded);
        SchedulerStats stats = fixture.loop.stats();
        assertThat(stats.queuedRequests()).isZero();
        assertThat(stats.queuedTokens()).isZero();
        assertThat(fixture.kv.stats().usedPages()).isZero();
        assertThat(fixture.listener.finished + fixture.listener.cancelled + fixture.listener.failed)
                .as("each sequence is counted; one whose sink breaks at its end is counted twice")
                .isBetween(
                        taken.size(),
                        taken.size()
                                + (int) taken.stream()
                                        .filter(t -> t.sink.manner == Manner.THROWS_AT_END)
                                        .count());
        assertThat(taken.stream().filter(t -> t.sink.reason == FinishReason.LENGTH))
                .isNotEmpty();
    }

    private void deliver(int most) {
        for (int i = 0; i < most && !late.isEmpty(); i++) {
            late.remove().run();
        }
    }

    private void submit(LoopFixture fixture, Random random) {
        int choices = random.nextInt(5) == 0 ? 3 : 1;
        // Prompts of a family share a prefix.
        int family = random.nextInt(3);
        int[] prompt = new int[1 + random.nextInt(60)];
        Arrays.setAll(prompt, i -> i < 40 ? family * 7 + i : random.nextInt(FakeModel.VOCABULARY));
        int maxTokens = 1 + random.nextInt(30);
        List<RecordingSink> sinks = new ArrayList<>();
        List<SequenceRequest> requests = new ArrayList<>();
        for (int i = 0; i < choices; i++) {
            RecordingSink sink = new RecordingSink(manner(random));
            sinks.add(sink);
            requests.add(LoopFixture.request(prompt, maxTokens, "tenant " + random.nextInt(2), sink));
        }
        try {
            List<SequenceHandle> handles = fixture.loop.submit(requests);
            for (int i = 0; i < choices; i++) {
                taken.add(new Taken(prompt, maxTokens, sinks.get(i), handles.get(i)));
            }
        } catch (QueueFullException e) {
            assertThat(e.retryAfter()).isPositive();
        }
    }

    private static Manner manner(Random random) {
        return random.nextInt(3) > 0 ? Manner.PLAIN : Manner.values()[random.nextInt(Manner.values().length)];
    }

    private void cancelOne(Random random) {
        if (!taken.isEmpty()) {
            taken.get(random.nextInt(taken.size())).handle.cancel(CancelCause.CLIENT_DISCONNECTED);
        }
    }

    private static void failOccasionally(LoopFixture fixture, Random random) {
        if (random.nextInt(6) == 0) {
            fixture.runner.failNext();
        }
        fixture.turn();
    }

    private static void assertEnded(Taken taken) {
        RecordingSink sink = taken.sink;
        assertThat(sink.ends).as("ends").isEqualTo(1);
        assertThat(sink.admissions).isLessThanOrEqualTo(1);
        int[] expected = FakeModel.generate(taken.prompt, taken.maxTokens);
        int[] got = sink.tokens.stream().mapToInt(Integer::intValue).toArray();
        assertThat(got).isEqualTo(Arrays.copyOf(expected, got.length));
        if (sink.reason == FinishReason.LENGTH) {
            assertThat(got).hasSize(taken.maxTokens);
        }
        if (sink.failure != null) {
            assertThat(sink.failure)
                    .as("only what the test itself broke")
                    .hasMessageMatching("told to fail|broken at .*");
        }
        if (sink.manner == Manner.STOPS_AT_THIRD_TOKEN && got.length == 3) {
            assertThat(sink.reason).as("an answer that has ended is whole").isEqualTo(FinishReason.STOP);
        }
        if (sink.reason == FinishReason.STOP) {
            assertThat(sink.manner).isEqualTo(Manner.STOPS_AT_THIRD_TOKEN);
            assertThat(got).hasSize(3);
        }
    }
}
