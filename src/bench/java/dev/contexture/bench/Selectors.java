package dev.contexture.bench;

import dev.contexture.core.SparsityMode;
import dev.contexture.engine.SelectionListener;
import dev.contexture.engine.SelectionStage;
import dev.contexture.kv.BlockCutter;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.nativelib.FfmDescriptors.Kind;
import dev.contexture.retrieval.Retriever;
import dev.contexture.selection.SelectionSettings;

/** The selectors that tables name: those of the service by its retriever, and baselines that look at nothing. */
final class Selectors {
    private static final String REUSE = "reuse-";

    private final EngineParts parts;
    private final Retriever retriever;
    private final Cutters cutters;
    private final long seed;

    /**
     * @param seed of the random one
     */
    Selectors(EngineParts parts, ModelFiles model, long seed) {
        this.parts = parts;
        this.retriever = parts.retriever();
        this.cutters = new Cutters(parts.tokenizer(), model, seed);
        this.seed = seed;
    }

    /** Everything; its stage still fills the retriever's cache, which later windows share. */
    Selector dense() {
        return of("dense", stage(retriever, parts.selectionSettings().reuseInterval()), SparsityMode.DENSE);
    }

    /**
     * @param name by the settings' retriever: tokens, blocks, two-level, reuse-n (tokens, n steps each); without training:
     *     quest (smallest and largest keys), mean (mean keys), sentence (mean keys of blocks that end where sentences or
     *     parts of them do); without looking: sink-recent, random; as a check: dense
     */
    Selector named(String name) {
        int interval = parts.selectionSettings().reuseInterval();
        if (name.startsWith(REUSE)) {
            return of(name, stage(retriever, Integer.parseInt(name.substring(REUSE.length()))), SparsityMode.TOKENS);
        }
        return switch (name) {
            case "dense" -> dense();
            case "tokens" -> of(name, stage(retriever, interval), SparsityMode.TOKENS);
            case "blocks" -> of(name, stage(retriever, interval), SparsityMode.BLOCKS);
            case "two-level" -> of(name, stage(retriever, interval), SparsityMode.TWO_LEVEL);
            case "quest" -> of(name, stage(parts.descriptors(Kind.MIN_MAX), interval), SparsityMode.BLOCKS);
            case "mean" -> of(name, stage(parts.descriptors(Kind.MEAN), interval), SparsityMode.BLOCKS);
            case "sentence" -> sentence(name, interval);
            case "sink-recent" -> of(name, BaselineStage.sinkAndRecent(parts), SparsityMode.TOKENS);
            case "random" -> of(name, BaselineStage.random(parts, seed), SparsityMode.TOKENS);
            default -> throw new IllegalArgumentException("there is no selector " + name);
        };
    }

    private Selector of(String name, SelectionStage stage, SparsityMode mode) {
        return new Selector(name, stage, budget -> parts.policy(mode, budget));
    }

    private Selector sentence(String name, int interval) {
        RecutRetriever recut = new RecutRetriever(parts.descriptors(Kind.MEAN));
        BlockCutter.Factory cutter = cutters.sentences().factory();
        return new Selector(
                name,
                stage(recut, interval),
                budget -> parts.policy(SparsityMode.BLOCKS, budget),
                window -> recut.begin(window.tokens(), cutter));
    }

    private SelectionStage stage(Retriever by, int reuseInterval) {
        SelectionSettings given = parts.selectionSettings();
        SelectionSettings settings = new SelectionSettings(
                given.heads(),
                given.pooling(),
                given.firstDenseLayers(),
                reuseInterval,
                given.confidence(),
                given.prefill());
        return parts.stage(by, settings, SelectionListener.NONE);
    }
}
