package dev.contexture.bench;

import dev.contexture.core.SparsityMode;
import dev.contexture.engine.SelectionListener;
import dev.contexture.engine.SelectionStage;
import dev.contexture.retrieval.Retriever;
import dev.contexture.selection.SelectionSettings;

/** The selectors that tables name: those of the service by its retriever, and baselines that look at nothing. */
final class Selectors {
    private static final String REUSE = "reuse-";

    private final EngineParts parts;
    private final Retriever retriever;
    private final long seed;

    /**
     * @param seed of the random one
     */
    Selectors(EngineParts parts, Retriever retriever, long seed) {
        this.parts = parts;
        this.retriever = retriever;
        this.seed = seed;
    }

    /** Everything; its stage still fills the retriever's cache, which later windows share. */
    Selector dense() {
        return of("dense", stage(parts.selectionSettings().reuseInterval()), SparsityMode.DENSE);
    }

    /**
     * @param name tokens, blocks, two-level, reuse-n (tokens, n steps each), sink-recent, random, or dense as a check
     */
    Selector named(String name) {
        int interval = parts.selectionSettings().reuseInterval();
        if (name.startsWith(REUSE)) {
            return of(name, stage(Integer.parseInt(name.substring(REUSE.length()))), SparsityMode.TOKENS);
        }
        return switch (name) {
            case "dense" -> dense();
            case "tokens" -> of(name, stage(interval), SparsityMode.TOKENS);
            case "blocks" -> of(name, stage(interval), SparsityMode.BLOCKS);
            case "two-level" -> of(name, stage(interval), SparsityMode.TWO_LEVEL);
            case "sink-recent" -> of(name, BaselineStage.sinkAndRecent(parts), SparsityMode.TOKENS);
            case "random" -> of(name, BaselineStage.random(parts, seed), SparsityMode.TOKENS);
            default -> throw new IllegalArgumentException("there is no selector " + name);
        };
    }

    private Selector of(String name, SelectionStage stage, SparsityMode mode) {
        return new Selector(name, stage, budget -> parts.policy(mode, budget));
    }

    private SelectionStage stage(int reuseInterval) {
        SelectionSettings given = parts.selectionSettings();
        SelectionSettings settings = new SelectionSettings(
                given.heads(),
                given.pooling(),
                given.firstDenseLayers(),
                reuseInterval,
                given.confidence(),
                given.prefill());
        return parts.stage(retriever, settings, SelectionListener.NONE);
    }
}
