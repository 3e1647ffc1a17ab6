package dev.contexture.bench;

import dev.contexture.core.KvGeometry;
import dev.contexture.core.Precision;
import dev.contexture.core.SamplingParams;
import dev.contexture.engine.Engine;
import dev.contexture.engine.SampledToken;
import dev.contexture.engine.SamplerState;
import dev.contexture.engine.StepPlan;
import dev.contexture.engine.StepPlan.SequenceStep;
import dev.contexture.engine.ort.OrtModelRunner;
import dev.contexture.kv.BlockCutter;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.SlotRequest;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.graph.CompiledModel;
import dev.contexture.model.graph.GraphCompiler;
import dev.contexture.nativelib.FfmKvPool;
import dev.contexture.nativelib.NativeLibrary;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Our engine's own step, sampling included; the server around it is left out, as it is with the other engines. */
final class Contexture implements Contender {
    private static final int PAGE_TOKENS = 32;
    private static final int CHUNK_TOKENS = 512;
    private static final int CAPACITY_TOKENS = 40_000;
    private static final int FIRST_PLAIN_TOKEN = 100;

    private final FfmKvPool pool;
    private final OrtModelRunner runner;
    private final KvCache kv;
    private final Engine engine;
    private final int vocabulary;
    private long nextSequence = 1;

    Contexture(ModelSource source, String modelSha256, Path directory, int threads) {
        CompiledModel compiled =
                new GraphCompiler(directory.resolve("graphs")).compile(source, modelSha256, Precision.FAST);
        KvGeometry geometry = new KvGeometry(
                compiled.config().layers(),
                compiled.config().kvHeads(),
                compiled.config().headDim(),
                PAGE_TOKENS,
                Precision.FAST.kvDtype());
        int pages = geometry.pagesFor(CAPACITY_TOKENS);
        NativeLibrary library = NativeLibrary.openBundled(directory.resolve("native"));
        this.vocabulary = compiled.config().vocabulary();
        this.pool = new FfmKvPool(library, geometry, pages);
        this.runner = new OrtModelRunner(compiled, library.path(), pool.id(), threads);
        this.kv = new KvCache(geometry, pages, BlockCutter.fixed(PAGE_TOKENS), pool::copyPage);
        this.engine = new Engine(kv, pool, runner);
    }

    @Override
    public String name() {
        return "contexture";
    }

    @Override
    public double prefillSeconds(int tokens) {
        long id = admit();
        long begin = System.nanoTime();
        prefill(id, tokens, 0);
        double seconds = (System.nanoTime() - begin) / 1e9;
        kv.release(id);
        return seconds;
    }

    @Override
    public double decodeSeconds(int sequences, int context, int steps) {
        List<Long> ids = new ArrayList<>();
        for (int s = 0; s < sequences; s++) {
            long id = admit();
            prefill(id, context, s);
            ids.add(id);
        }
        SamplerState greedy = new SamplerState(SamplingParams.GREEDY, 0, new int[0]);
        int[] last = new int[sequences];
        Arrays.fill(last, FIRST_PLAIN_TOKEN);
        long begin = System.nanoTime();
        for (int step = 0; step < steps; step++) {
            List<SequenceStep> rows = new ArrayList<>();
            for (int s = 0; s < sequences; s++) {
                rows.add(new SequenceStep(new SlotRequest(ids.get(s), new int[] {last[s]}), Optional.of(greedy)));
            }
            List<SampledToken> sampled = engine.step(new StepPlan(rows));
            for (int s = 0; s < sequences; s++) {
                last[s] = sampled.get(s).tokenId();
            }
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        ids.forEach(kv::release);
        return seconds;
    }

    private long admit() {
        long id = nextSequence++;
        kv.admit(id, new int[] {0}, "bench " + id);
        return id;
    }

    private void prefill(long id, int tokens, int seed) {
        SamplerState greedy = new SamplerState(SamplingParams.GREEDY, 0, new int[0]);
        for (int begin = 0; begin < tokens; begin += CHUNK_TOKENS) {
            int[] chunk = new int[Math.min(CHUNK_TOKENS, tokens - begin)];
            for (int i = 0; i < chunk.length; i++) {
                chunk[i] = FIRST_PLAIN_TOKEN + (int) ((seed + begin + i) * 7919L % (vocabulary - FIRST_PLAIN_TOKEN));
            }
            boolean last = begin + chunk.length == tokens;
            SequenceStep step =
                    new SequenceStep(new SlotRequest(id, chunk), last ? Optional.of(greedy) : Optional.empty());
            engine.step(new StepPlan(List.of(step)));
        }
    }

    long kvPoolBytes() {
        return pool.bytes();
    }

    @Override
    public void close() {
        runner.close();
        pool.close();
    }
}
