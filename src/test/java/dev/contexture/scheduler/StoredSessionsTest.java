package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.Precision;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.SelectionMatrix;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.engine.Engine;
import dev.contexture.engine.Residency;
import dev.contexture.engine.StepMemory;
import dev.contexture.engine.ort.LoadedModel;
import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.tier.BlockCoder;
import dev.contexture.kv.tier.BlockPart;
import dev.contexture.kv.tier.BlockStore;
import dev.contexture.kv.tier.Owner;
import dev.contexture.kv.tier.Scope;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.head.RetrievalHeadFile;
import dev.contexture.model.safetensors.SafetensorsModelSource;
import dev.contexture.nativelib.BlockFormat;
import dev.contexture.scheduler.LoopFixture.RestoreCounts;
import dev.contexture.scheduler.RecordingSink.Manner;
import dev.contexture.scheduler.TrafficListener.RestoreEnd;
import dev.contexture.selection.SelectionSettings;
import dev.contexture.testing.HeapBlockStore;
import dev.contexture.testing.TinyHead;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The second turn of a session on a tiny model with a random head, in a process that has only the store of the first: its tokens
 * are those of a process that had everything.
 */
class StoredSessionsTest {
    private static final Path TINY = Path.of("src", "test", "resources", "golden", "tiny", "llama3");
    private static final int FIRST_PROMPT_TOKENS = 210;
    private static final int FIRST_OUTPUT_TOKENS = 20;
    private static final int NEW_TOKENS = 5;
    private static final int SECOND_OUTPUT_TOKENS = 8;
    private static final int RESIDENCY_TOKENS = 48;
    private static final int CHUNK_TOKENS = 1;
    private static final int BUFFER_BYTES = 1 << 20;

    @TempDir
    private static Path directory;

    private static final String NAMESPACE = "0123456789abcdef0123456789abcdef";

    private final RestoreCounts restores = new RestoreCounts();
    private final CountingListener listener = new CountingListener();

    private static LoadedModel load() throws IOException {
        try (ModelSource source = SafetensorsModelSource.open(TINY)) {
            Path file = new TinyHead(source.config(), 2, 2, 4, 16).write(directory.resolve("head.safetensors"));
            try (RetrievalHeadFile head = RetrievalHeadFile.open(file)) {
                return new LoadedModel(
                        source, "tiny", Precision.FAST, directory, 4096, Optional.of(head), SelectionSettings.DEFAULT);
            }
        }
    }

    private static TrafficSettings.Partial partial(boolean fills) {
        return new TrafficSettings.Partial(RESIDENCY_TOKENS, 64, CHUNK_TOKENS, Long.MAX_VALUE, fills);
    }

    private static TrafficSettings settings(TrafficSettings.Partial partial) {
        return new TrafficSettings(1 << 20, 60_000_000_000L, 1, 8, 5_000_000_000L, 1_000, partial);
    }

    private TierTraffic traffic(
            LoadedModel model, BlockStore store, BlockCoder coder, TrafficSettings.Partial partial) {
        MemorySegment buffer = Arena.ofAuto().allocate(BUFFER_BYTES, Long.BYTES);
        RestoreAudit none =
                new RestoreAudit(new RestoreAudit.Settings(0, 1), (block, part) -> new float[0], new Random(1));
        return new TierTraffic(new TrafficTools(
                model.kv(),
                StepMemory.FIXED,
                store,
                coder,
                buffer,
                settings(partial),
                RestoreGate.OPEN,
                none,
                restores,
                System::nanoTime));
    }

    private RecordingSink run(LoadedModel model, BlockTraffic traffic, int[] prompt, int maxTokens, int resumeTokens) {
        SchedulerLoop loop = new SchedulerLoop(
                model.kv(),
                model.engine(),
                new SchedulerConfig(4096, 16, 64, 1_000_000, 512),
                listener,
                traffic,
                System::nanoTime,
                () -> 1,
                Runnable::run);
        RecordingSink sink = new RecordingSink(Manner.PLAIN);
        Scope scope = new Scope(NAMESPACE, "0123456789abcdef");
        loop.submit(List.of(new SequenceRequest(
                prompt,
                maxTokens,
                Set.of(),
                SamplingParams.GREEDY,
                "t",
                "t",
                new Sparsity(SparsityMode.TOKENS, 32, 4, 16, 80),
                Optional.of(new TierUse(scope, "session", "lineage", resumeTokens)),
                sink)));
        while (loop.turn() || !loop.isIdle()) {
            // until it has ended and is stored
        }
        assertThat(sink.failure).isNull();
        assertThat(sink.tokens).hasSize(maxTokens);
        return sink;
    }

    private RecordingSink secondTurn(LoadedModel model, BlockTraffic traffic, int[] first) {
        int[] prompt = IntStream.concat(IntStream.of(first), new Random(8).ints(NEW_TOKENS, 2, 288))
                .toArray();
        return run(model, traffic, prompt, SECOND_OUTPUT_TOKENS, first.length);
    }

    /**
     * @return all tokens of the first turn
     */
    private int[] firstTurn(LoadedModel model, BlockStore store, BlockFormat format) {
        int[] prompt = new Random(7).ints(FIRST_PROMPT_TOKENS, 2, 288).toArray();
        BlockTraffic traffic = traffic(model, store, model.blockCoder(format), TrafficSettings.Partial.NONE);
        RecordingSink sink = run(model, traffic, prompt, FIRST_OUTPUT_TOKENS, 0);
        return IntStream.concat(IntStream.of(prompt), sink.tokens.stream().mapToInt(Integer::intValue))
                .toArray();
    }

    @Test
    void aSessionThatComesBackWholeGoesOnAsIfItHadNeverLeft() throws IOException {
        BlockStore store = new HeapBlockStore();
        int[] first;
        RecordingSink stayed;
        try (LoadedModel model = load()) {
            first = firstTurn(model, store, BlockFormat.F16);
            stayed = secondTurn(model, BlockTraffic.NONE, first);
        }
        try (LoadedModel model = load()) {
            BlockCoder coder = model.blockCoder(BlockFormat.F16);
            RecordingSink back = secondTurn(model, traffic(model, store, coder, TrafficSettings.Partial.NONE), first);
            assertThat(back.cachedTokens).isEqualTo(stayed.cachedTokens).isGreaterThan(FIRST_PROMPT_TOKENS);
            assertThat(back.tokens).isEqualTo(stayed.tokens);
            assertThat(restores.ends).containsKey(RestoreEnd.MISS);
        }
    }

    /** Whether it had left already when it was erased, or still ran. */
    @Test
    void whatWasErasedIsNotStoredAfterwards() throws IOException {
        int[] prompt = new Random(7).ints(FIRST_PROMPT_TOKENS, 2, 288).toArray();
        Owner session = new Owner(NAMESPACE, "session");
        List<Consumer<TierTraffic>> erasures =
                List.of(traffic -> traffic.erase(session), traffic -> traffic.eraseNamespace(NAMESPACE), traffic -> {});
        for (Consumer<TierTraffic> erasure : erasures) {
            HeapBlockStore store = new HeapBlockStore();
            try (LoadedModel model = load()) {
                TierTraffic traffic =
                        traffic(model, store, model.blockCoder(BlockFormat.F16), TrafficSettings.Partial.NONE);
                BlockTraffic erasing = (BlockTraffic) Proxy.newProxyInstance(
                        getClass().getClassLoader(),
                        new Class<?>[] {BlockTraffic.class},
                        (proxy, method, arguments) -> {
                            Object answer = method.invoke(traffic, arguments);
                            if (method.getName().equals("leave")) {
                                erasure.accept(traffic);
                            }
                            return answer;
                        });
                run(model, erasing, prompt, FIRST_OUTPUT_TOKENS, 0);
            }
            boolean control = erasure == erasures.getLast();
            // What a retriever carries is put at once, before it is erased with all that is there.
            assertThat(store.size()).matches(values -> control ? values > 10 : values <= 1);
        }
        HeapBlockStore store = new HeapBlockStore();
        try (LoadedModel model = load()) {
            TierTraffic traffic =
                    traffic(model, store, model.blockCoder(BlockFormat.F16), TrafficSettings.Partial.NONE);
            traffic.erase(session);
            run(model, traffic, prompt, FIRST_OUTPUT_TOKENS, 0);
        }
        assertThat(store.size()).isZero();
    }

    /** The control selects as the partly restored one does, but has everything from the beginning. */
    @Test
    void aSessionThatComesBackInPartGoesOnAsOneThatIsAllThere() throws IOException {
        BlockStore store = new HeapBlockStore();
        int[] first;
        try (LoadedModel model = load()) {
            first = firstTurn(model, store, BlockFormat.F16);
        }
        RecordingSink control;
        try (LoadedModel model = load()) {
            BlockCoder coder = model.blockCoder(BlockFormat.F16);
            control = secondTurn(
                    model,
                    new AllThere(traffic(model, store, coder, TrafficSettings.Partial.NONE), store, coder),
                    first);
        }
        try (LoadedModel model = load()) {
            BlockCoder coder = model.blockCoder(BlockFormat.F16);
            RecordingSink partial = secondTurn(model, traffic(model, store, coder, partial(false)), first);
            assertThat(restores.ends).containsEntry(RestoreEnd.PARTIAL, 1);
            assertThat(partial.cachedTokens).isEqualTo(control.cachedTokens).isGreaterThan(FIRST_PROMPT_TOKENS);
            assertThat(partial.tokens).isEqualTo(control.tokens);
            int parts = coder.rows().size() * partial.cachedTokens / 16;
            assertThat(restores.broughtParts).isBetween(1, parts - 1);
            assertThat(listener.lostBlocks).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyFormatServes(BlockFormat format) throws IOException {
        BlockStore store = new HeapBlockStore();
        int[] first;
        try (LoadedModel model = load()) {
            first = firstTurn(model, store, format);
        }
        try (LoadedModel model = load()) {
            BlockTraffic traffic = traffic(model, store, model.blockCoder(format), partial(true));
            secondTurn(model, traffic, first);
            assertThat(restores.ends).containsEntry(RestoreEnd.PARTIAL, 1);
        }
    }

    @Test
    void aSessionWhoseBlocksAreGoneIsComputedAgain() throws IOException {
        HeapBlockStore store = new HeapBlockStore();
        int[] first;
        try (LoadedModel model = load()) {
            first = firstTurn(model, store, BlockFormat.F16);
        }
        RecordingSink computed;
        try (LoadedModel model = load()) {
            computed = secondTurn(model, BlockTraffic.NONE, first);
        }
        store.lose(key -> key.part() instanceof BlockPart.Rows);
        try (LoadedModel model = load()) {
            BlockCoder coder = model.blockCoder(BlockFormat.F16);
            RecordingSink again = secondTurn(model, traffic(model, store, coder, partial(false)), first);
            assertThat(listener.lostBlocks).isEqualTo(1);
            assertThat(again.tokens).isEqualTo(computed.tokens);
        }
    }

    /** Brings sessions back whole and has them select all the same. */
    private record AllThere(BlockTraffic whole, BlockStore store, BlockCoder coder) implements BlockTraffic {
        @Override
        public boolean turn(long stepNanos) {
            return whole.turn(stepNanos);
        }

        @Override
        public void expect(List<BlockSpan> blocks, TierUse use) {}

        @Override
        public Restore restore(RestoredSequence sequence, List<BlockSpan> blocks, TierUse use) {
            Restore restore = whole.restore(sequence, blocks, use);
            return new Restore() {
                private int restored;

                @Override
                public Turn turn() {
                    Turn turn = restore.turn();
                    restored += turn.tokens();
                    if (turn.progress() == Progress.DONE) {
                        resume(sequence, blocks, use, restored);
                    }
                    return turn;
                }

                @Override
                public Optional<RestoreReport> report() {
                    return restore.report();
                }
            };
        }

        private void resume(RestoredSequence sequence, List<BlockSpan> blocks, TierUse use, int restored) {
            BlockSpan last = blocks.stream()
                    .filter(block -> block.end() == restored)
                    .findFirst()
                    .orElseThrow();
            MemorySegment carried = Arena.ofAuto().allocate(coder.bytes(BlockPart.CARRY, 1));
            assertThat(store.read(use.owner(), use.key(use.name(last.key(), false), BlockPart.CARRY), carried))
                    .isTrue();
            sequence.resume(new Everything(), carried.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED), restored);
        }

        @Override
        public void computed(int from, int tokens, long nanos) {}

        @Override
        public boolean idle(Engine engine) {
            return false;
        }

        @Override
        public void leave(Left left, TierUse use) {}
    }

    private static final class Everything implements Residency {
        @Override
        public int tokens() {
            return RESIDENCY_TOKENS;
        }

        @Override
        public int chunkTokens() {
            return CHUNK_TOKENS;
        }

        @Override
        public boolean isComplete() {
            return false;
        }

        @Override
        public void bring(SelectionMatrix selection) {
            assertThat(Arrays.stream(selection.counts()).max().orElseThrow()).isLessThanOrEqualTo(RESIDENCY_TOKENS);
        }

        @Override
        public void close() {}
    }
}
