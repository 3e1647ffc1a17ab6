package dev.contexture.scheduler;

import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.engine.Engine;
import dev.contexture.engine.ort.LoadedModel;
import dev.contexture.nativelib.FfmDescriptors;
import dev.contexture.scheduler.RecordingSink.Manner;
import dev.contexture.selection.SelectionSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A model whose decode rows select by descriptors, under the real loop; greedy. */
final class DescriptorRuns implements AutoCloseable {
    private final LoadedModel model;
    private final Engine engine;
    private final int rows;
    final FfmDescriptors descriptors;
    final WatchedRetriever retriever;

    /**
     * @param chunks of the descriptors' store
     */
    DescriptorRuns(LoadedModel model, FfmDescriptors.Kind kind, int groups, int chunks) {
        this(model, kind, groups, chunks, SelectionSettings.DEFAULT, 512);
    }

    /**
     * @param rows of a step
     */
    DescriptorRuns(
            LoadedModel model, FfmDescriptors.Kind kind, int groups, int chunks, SelectionSettings settings, int rows) {
        this.rows = rows;
        this.model = model;
        this.descriptors = model.newDescriptors(kind, groups, chunks);
        this.retriever = new WatchedRetriever(model.descriptorRetriever(descriptors, groups));
        this.engine = model.sparseEngine(retriever, settings);
    }

    /** All prompts at once. */
    List<RecordingSink> run(List<int[]> prompts, int maxTokens, Sparsity sparsity, String salt) {
        SchedulerConfig config = new SchedulerConfig(rows, 16, 64, 1_000_000, 8192);
        SchedulerLoop loop =
                new SchedulerLoop(model.kv(), engine, config, new CountingListener(), System::nanoTime, () -> 1);
        List<RecordingSink> sinks = new ArrayList<>();
        for (int[] prompt : prompts) {
            RecordingSink sink = new RecordingSink(Manner.PLAIN);
            sinks.add(sink);
            loop.submit(List.of(new SequenceRequest(
                    prompt, maxTokens, Set.of(), SamplingParams.GREEDY, salt, salt, sparsity, sink)));
        }
        while (loop.turn()) {
            // until all have ended
        }
        return sinks;
    }

    @Override
    public void close() {
        retriever.close();
    }
}
