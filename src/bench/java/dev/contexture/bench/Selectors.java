package dev.contexture.bench;

import dev.contexture.core.SelectionRule.BlockPooling;
import dev.contexture.core.SparsityMode;
import dev.contexture.engine.SelectionListener;
import dev.contexture.engine.SelectionStage;
import dev.contexture.kv.BlockCutter;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.nativelib.FfmDescriptors.Kind;
import dev.contexture.retrieval.Retriever;
import dev.contexture.selection.SelectionSettings;
import java.util.Locale;

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
        return of("dense", stage(retriever, parts.selectionSettings()), SparsityMode.DENSE);
    }

    /**
     * @param name by the settings' retriever: tokens, blocks, two-level, reuse-n (tokens, n steps each); without training:
     *     quest (smallest and largest keys), mean (mean keys), sentence (mean keys of blocks that end where sentences or
     *     parts of them do); without looking: sink-recent, random; as a check: dense. Those of blocks by the head may name
     *     another pooling than the settings' behind a slash: blocks/mean.
     */
    Selector named(String name) {
        SelectionSettings settings = parts.selectionSettings();
        if (name.startsWith(REUSE)) {
            int interval = Integer.parseInt(name.substring(REUSE.length()));
            return of(name, stage(retriever, reusing(settings, interval)), SparsityMode.TOKENS);
        }
        int slash = name.indexOf('/');
        if (slash >= 0) {
            settings = pooling(
                    settings, BlockPooling.valueOf(name.substring(slash + 1).toUpperCase(Locale.ROOT)));
        }
        return switch (slash < 0 ? name : name.substring(0, slash)) {
            case "dense" -> dense();
            case "tokens" -> of(name, stage(retriever, settings), SparsityMode.TOKENS);
            case "blocks" -> of(name, stage(retriever, settings), SparsityMode.BLOCKS);
            case "two-level" -> of(name, stage(retriever, settings), SparsityMode.TWO_LEVEL);
            case "quest" -> of(name, stage(parts.descriptors(Kind.MIN_MAX), settings), SparsityMode.BLOCKS);
            case "mean" -> of(name, stage(parts.descriptors(Kind.MEAN), settings), SparsityMode.BLOCKS);
            case "sentence" -> sentence(name, settings);
            case "sink-recent" -> of(name, BaselineStage.sinkAndRecent(parts), SparsityMode.TOKENS);
            case "random" -> of(name, BaselineStage.random(parts, seed), SparsityMode.TOKENS);
            default -> throw new IllegalArgumentException("there is no selector " + name);
        };
    }

    private Selector of(String name, SelectionStage stage, SparsityMode mode) {
        return new Selector(name, stage, budget -> parts.policy(mode, budget));
    }

    private Selector sentence(String name, SelectionSettings settings) {
        RecutRetriever recut = new RecutRetriever(parts.descriptors(Kind.MEAN));
        BlockCutter.Factory cutter = cutters.sentences().factory();
        return new Selector(
                name,
                stage(recut, settings),
                budget -> parts.policy(SparsityMode.BLOCKS, budget),
                window -> recut.begin(window.tokens(), cutter));
    }

    private SelectionStage stage(Retriever by, SelectionSettings settings) {
        return parts.stage(by, settings, SelectionListener.NONE);
    }

    private static SelectionSettings reusing(SelectionSettings given, int interval) {
        return new SelectionSettings(
                given.heads(),
                given.pooling(),
                given.firstDenseLayers(),
                interval,
                given.confidence(),
                given.prefill());
    }

    private static SelectionSettings pooling(SelectionSettings given, BlockPooling pooling) {
        return new SelectionSettings(
                given.heads(),
                pooling,
                given.firstDenseLayers(),
                given.reuseInterval(),
                given.confidence(),
                given.prefill());
    }
}
