package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.constrain.Constraint;
import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.constrain.Constraints;
import dev.contexture.core.FinishReason;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.engine.FailedConstraintException;
import dev.contexture.scheduler.RecordingSink.Manner;
import dev.contexture.testing.ByteTokens;
import dev.contexture.testing.FakeModel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Single behaviours of the loop, one step at a time. */
class SchedulerLoopTest {
    private static final SchedulerConfig ROOMY = new SchedulerConfig(64, 8, 16, 10_000, 1000);

    @Test
    void longPromptsGoInChunksWhileOthersDecode() {
        LoopFixture fixture = new LoopFixture(100, new SchedulerConfig(16, 8, 16, 10_000, 500));
        RecordingSink quick = submit(fixture, prompt(4), 20, "a");
        fixture.turn();
        assertThat(quick.tokens).hasSize(1);
        RecordingSink slow = submit(fixture, prompt(60), 4, "a");
        for (int turn = 0; turn < 4; turn++) {
            fixture.turn();
        }
        assertThat(quick.tokens).as("a token each step").hasSize(5);
        assertThat(slow.tokens)
                .as("60 tokens are four chunks beside a decode row")
                .hasSize(1);
    }

    @Test
    void preemptedSequencesGoOnWhereTheyWere() {
        LoopFixture fixture = new LoopFixture(8, ROOMY);
        RecordingSink first = submit(fixture, prompt(16), 40, "a");
        RecordingSink second = submit(fixture, IntStream.range(50, 66).toArray(), 40, "a");
        fixture.turnUntilIdle();
        assertThat(fixture.listener.preempted).isPositive();
        assertThat(first.tokens).hasSize(40);
        assertThat(second.tokens)
                .containsExactlyElementsOf(
                        IntStream.of(FakeModel.generate(IntStream.range(50, 66).toArray(), 40))
                                .boxed()
                                .toList());
    }

    @Test
    void equalPrefixesOfOneTenantAreComputedOnce() {
        LoopFixture fixture = new LoopFixture(100, ROOMY);
        submit(fixture, prompt(33), 1, "a");
        fixture.turnUntilIdle();
        submit(fixture, prompt(33), 1, "a");
        fixture.turnUntilIdle();
        int cached = fixture.listener.cachedTokens;
        assertThat(cached)
                .as("all blocks that were certain, but two rows at least are computed")
                .isBetween(33 - 13, 31);
        submit(fixture, prompt(33), 1, "b");
        fixture.turnUntilIdle();
        assertThat(fixture.listener.cachedTokens)
                .as("another tenant finds nothing")
                .isEqualTo(cached);
    }

    @Test
    void aPromptThatWaitsIsCutOnceAndFindsWhatBecomesKnownMeanwhile() {
        LoopFixture fixture = new LoopFixture(8, ROOMY);
        RecordingSink first = submit(fixture, prompt(56), 8, "a");
        int[] prompt = Arrays.copyOf(prompt(40), 48);
        RecordingSink second = submit(fixture, prompt, 8, "a");
        int turns = 0;
        while (first.ends == 0) {
            fixture.turn();
            turns++;
        }
        assertThat(turns).isEqualTo(8);
        assertThat(second.admissions).as("there is one page left").isZero();
        assertThat(fixture.cuts).isEqualTo(2);
        fixture.turnUntilIdle();
        assertThat(fixture.cuts).isEqualTo(2);
        assertThat(second.tokens)
                .containsExactlyElementsOf(
                        IntStream.of(FakeModel.generate(prompt, 8)).boxed().toList());
        assertThat(second.cachedTokens).as("nothing was known when it was cut").isBetween(40 - 2 * 11, 40);
    }

    @Test
    void aPromptWhoseKnownPrefixFillsThePoolIsAdmittedAlone() {
        LoopFixture fixture = new LoopFixture(8, ROOMY);
        RecordingSink first = submit(fixture, prompt(56), 8, "a");
        fixture.turnUntilIdle();
        RecordingSink again = submit(fixture, prompt(56), 8, "a");
        fixture.turnUntilIdle();
        assertThat(again.tokens).hasSize(8).isEqualTo(first.tokens);
        assertThat(again.cachedTokens).isPositive();
    }

    @Test
    void preemptedSequencesAreCutAgainWithTheirOutput() {
        LoopFixture fixture = new LoopFixture(8, ROOMY);
        submit(fixture, prompt(16), 40, "a");
        submit(fixture, prompt(16), 40, "b");
        fixture.turnUntilIdle();
        assertThat(fixture.cuts).isEqualTo(2 + fixture.listener.preempted);
        assertThat(fixture.listener.preempted).isPositive();
    }

    @Test
    void tenantsAreServedInTurn() {
        LoopFixture fixture = new LoopFixture(100, new SchedulerConfig(64, 1, 16, 10_000, 1000));
        List<RecordingSink> many = IntStream.range(0, 5)
                .mapToObj(i -> submit(fixture, prompt(4), 2, "many"))
                .toList();
        RecordingSink single = submit(fixture, prompt(4), 2, "single");
        while (single.ends == 0) {
            fixture.turn();
        }
        assertThat(many.stream().filter(sink -> sink.ends > 0).count()).isLessThanOrEqualTo(2);
    }

    @Test
    void theQueueIsBoundedByRequestsAndTokens() {
        LoopFixture fixture = new LoopFixture(100, new SchedulerConfig(64, 1, 3, 100, 1000));
        submit(fixture, prompt(50), 1, "a");
        submit(fixture, prompt(40), 1, "a");
        assertThatThrownBy(() -> submit(fixture, prompt(20), 1, "a"))
                .isInstanceOf(QueueFullException.class)
                .hasMessageContaining("2 requests with 90 tokens");
        submit(fixture, prompt(10), 1, "a");
        assertThatThrownBy(() -> submit(fixture, prompt(1), 1, "a")).isInstanceOf(QueueFullException.class);
        fixture.turnUntilIdle();
        submit(fixture, prompt(300), 1, "a"); // alone, longer than the bound
        fixture.turnUntilIdle();
        assertThat(fixture.listener.finished).isEqualTo(4);
    }

    @Test
    void cancelledSequencesLeaveWithinOneStep() {
        LoopFixture fixture = new LoopFixture(100, ROOMY);
        RecordingSink sink = new RecordingSink(Manner.PLAIN);
        TokenGenerator.SequenceHandle handle = fixture.loop
                .submit(List.of(LoopFixture.request(prompt(20), 100, "a", sink)))
                .getFirst();
        fixture.turn();
        fixture.turn();
        int before = sink.tokens.size();
        handle.cancel(CancelCause.CLIENT_DISCONNECTED);
        fixture.turn();
        assertThat(sink.reason).isEqualTo(FinishReason.CANCELLED);
        assertThat(sink.tokens).hasSize(before);
        assertThat(fixture.kv.stats().usedPages()).isZero();
    }

    @Test
    void aStopThatIsHeardLateEndsTheSequenceAndHidesWhatWasDrawnMeanwhile() {
        LoopFixture fixture = new LoopFixture(100, ROOMY);
        List<Runnable> late = new ArrayList<>();
        fixture.delivery = late::add;
        RecordingSink sink = new RecordingSink(Manner.STOPS_AT_THIRD_TOKEN);
        fixture.loop.submit(List.of(LoopFixture.request(prompt(20), 100, "a", sink)));
        for (int i = 0; i < 6; i++) {
            fixture.turn();
        }
        late.forEach(Runnable::run);
        late.clear();
        fixture.turnUntilIdle();
        late.forEach(Runnable::run);
        assertThat(sink.tokens).hasSize(3);
        assertThat(sink.reason).isEqualTo(FinishReason.STOP);
        assertThat(sink.ends).isEqualTo(1);
        assertThat(fixture.kv.stats().usedPages()).isZero();
    }

    @Test
    void deliveryKeepsTheOrderAndEndsWithWhatWaits() {
        List<Integer> told = new ArrayList<>();
        try (DeliveryThread delivery = new DeliveryThread().start()) {
            for (int i = 0; i < 1000; i++) {
                int number = i;
                delivery.execute(() -> told.add(number));
            }
        }
        assertThat(told).isEqualTo(IntStream.range(0, 1000).boxed().toList());
    }

    @Test
    void nothingIsLostWhileDeliveryCloses() throws InterruptedException {
        for (int round = 0; round < 50; round++) {
            DeliveryThread delivery = new DeliveryThread().start();
            AtomicInteger told = new AtomicInteger();
            List<Thread> bringers = IntStream.range(0, 4)
                    .mapToObj(i -> Thread.ofPlatform().start(() -> {
                        for (int j = 0; j < 50; j++) {
                            delivery.execute(told::incrementAndGet);
                        }
                    }))
                    .toList();
            delivery.close();
            for (Thread bringer : bringers) {
                bringer.join();
            }
            assertThat(told).hasValue(200);
        }
    }

    @Test
    void deliveryGoesOnBehindWhatFails() {
        AtomicInteger told = new AtomicInteger();
        try (DeliveryThread delivery = new DeliveryThread().start()) {
            delivery.execute(() -> {
                throw new StackOverflowError("told to");
            });
            delivery.execute(told::incrementAndGet);
        }
        assertThat(told).hasValue(1);
    }

    @Test
    void drainingRefusesNewWorkAndFinishesTheRest() throws InterruptedException {
        LoopFixture fixture = new LoopFixture(100, ROOMY);
        RecordingSink sink = submit(fixture, prompt(20), 50, "a");
        fixture.loop.start();
        assertThat(fixture.loop.drain(Duration.ofSeconds(30))).isTrue();
        assertThat(sink.reason).isEqualTo(FinishReason.LENGTH);
        assertThatThrownBy(() -> submit(fixture, prompt(1), 1, "a")).isInstanceOf(ShuttingDownException.class);
        fixture.loop.close();
    }

    @Test
    void closingEndsWhatStillRuns() {
        LoopFixture fixture = new LoopFixture(200, ROOMY);
        List<RecordingSink> sinks = IntStream.range(0, 12)
                .mapToObj(i -> submit(fixture, prompt(20), 900, "a"))
                .toList();
        fixture.loop.start();
        fixture.loop.close();
        assertThat(sinks).allSatisfy(sink -> assertThat(sink.ends).isEqualTo(1));
        assertThat(fixture.kv.stats().usedPages()).isZero();
    }

    @Test
    void aLoopThatBreaksTellsEveryoneAndIsUnhealthy() throws InterruptedException {
        LoopFixture fixture = new LoopFixture(100, new SchedulerConfig(64, 1, 16, 10_000, 1000));
        RecordingSink running = submit(fixture, prompt(4), 2, "a");
        RecordingSink waiting = submit(fixture, prompt(4), 2, "a");
        fixture.runner.breakNext();
        fixture.loop.start();
        assertThat(fixture.loop.drain(Duration.ofSeconds(30))).isTrue();
        fixture.loop.close();
        assertThat(running.failure).hasMessageContaining("told to break");
        assertThat(waiting.ends).isEqualTo(1);
        assertThat(fixture.loop.hasFailed()).isTrue();
        assertThatThrownBy(() -> submit(fixture, prompt(1), 1, "a")).isInstanceOf(ShuttingDownException.class);
    }

    @Test
    void noChunkLeavesOneRowBehind() {
        assertThat(Scheduler.chunk(17, 16, false)).isEqualTo(15);
        assertThat(Scheduler.chunk(16, 16, false)).isEqualTo(16);
        assertThat(Scheduler.chunk(30, 16, false)).isEqualTo(16);
        assertThat(Scheduler.chunk(30, 1, true)).isZero();
        assertThat(Scheduler.chunk(30, 1, false)).isEqualTo(1);
        assertThat(Scheduler.chunk(1, 16, true)).isEqualTo(1);
    }

    private static int[] prompt(int length) {
        int[] prompt = new int[length];
        Arrays.setAll(prompt, i -> i % FakeModel.VOCABULARY);
        return prompt;
    }

    @Test
    void whoCannotBeHeldToItsFormatEndsAlone() {
        LoopFixture fixture = new LoopFixture(100, ROOMY);
        AtomicLong now = new AtomicLong();
        Constraints late =
                new Constraints(new ByteTokens(), never -> {}, () -> now.getAndAdd(Constraint.MOST_WAIT.toNanos()));
        RecordingSink before = submit(fixture, prompt(20), 10, "a");
        RecordingSink held = new RecordingSink(Manner.PLAIN);
        fixture.loop.submit(List.of(new SequenceRequest(
                prompt(12),
                10,
                Set.of(),
                SamplingParams.GREEDY,
                "a",
                "a",
                Sparsity.DENSE,
                Optional.empty(),
                Optional.of(late.compile(new ConstraintSpec.AnyObject())),
                held)));
        RecordingSink behind = submit(fixture, IntStream.range(50, 66).toArray(), 10, "a");
        fixture.turnUntilIdle();
        assertThat(held.tokens).isEmpty();
        assertThat(held.ends).isEqualTo(1);
        assertThat(held.failure).isInstanceOf(FailedConstraintException.class).hasMessageContaining("within 5 s");
        assertThat(before.tokens)
                .containsExactlyElementsOf(
                        IntStream.of(FakeModel.generate(prompt(20), 10)).boxed().toList());
        assertThat(behind.tokens)
                .containsExactlyElementsOf(
                        IntStream.of(FakeModel.generate(IntStream.range(50, 66).toArray(), 10))
                                .boxed()
                                .toList());
        assertThat(fixture.loop.stats().steps()).as("one step a token").isLessThanOrEqualTo(12);
    }

    private static RecordingSink submit(LoopFixture fixture, int[] prompt, int maxTokens, String tenant) {
        RecordingSink sink = new RecordingSink(Manner.PLAIN);
        fixture.loop.submit(List.of(LoopFixture.request(prompt, maxTokens, tenant, sink)));
        return sink;
    }
}
