package dev.contexture.bench;

import dev.contexture.kv.BlockCutter;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.split.BuiltInDelimiters;
import dev.contexture.split.DelimiterScore;
import dev.contexture.split.DelimiterTable;
import dev.contexture.split.LengthDistribution;
import dev.contexture.split.SplitMode;
import dev.contexture.split.SplitSettings;
import dev.contexture.split.Splitters;
import dev.contexture.split.TokenClasses;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Ways of cutting texts into blocks, dynamic ones and those that they are held against. */
final class Cutters {
    private static final double DISTANCE_WEIGHT = SplitSettings.DEFAULT_DISTANCE_WEIGHT;

    private static final int SENTENCE_TOKENS = 24;

    private final DelimiterTable table;
    private final TokenClasses classes;
    private final long seed;

    /**
     * A way of cutting.
     *
     * @param size mean or ideal length in tokens (C)
     * @param slack how far from it ends may be (Δ)
     */
    record Cutter(String name, int size, int slack, BlockCutter.Factory factory) {
        /** Of the blocks of a text, without the open one at its end. */
        int[] lengths(int[] tokens) {
            List<Integer> ends = new ArrayList<>(List.of(0));
            factory.newCutter().accept(tokens, 0, tokens.length, ends::add);
            return IntStream.range(1, ends.size())
                    .map(i -> ends.get(i) - ends.get(i - 1))
                    .toArray();
        }
    }

    /**
     * @param seed of random cuts
     */
    Cutters(Tokenizer tokenizer, ModelFiles model, long seed) {
        Optional<DelimiterTable> own = BuiltInDelimiters.find(model.sha256());
        this.table = own.orElseGet(BuiltInDelimiters::general);
        this.classes = TokenClasses.of(tokenizer.vocabularySize(), tokenizer::isSpecial, tokenizer::tokenBytes);
        this.seed = seed;
    }

    /** Where the delimiters' weights come from, for results. */
    String table() {
        return table.targetName() + " " + table.sha256();
    }

    /** What needs no slack: fixed blocks first, to which all others are compared, and their placebo. */
    List<Cutter> rigid(int size) {
        return List.of(of("fixed", SplitMode.FIXED, size, 0), of("shifted fixed", SplitMode.SHIFTED_FIXED, size, 0));
    }

    /**
     * What has slack: dynamic cuts by both scores, the delimiter list, and random cuts with the lengths of the first.
     *
     * @param texts whose lengths random cuts get
     */
    List<Cutter> loose(int size, int slack, List<int[]> texts) {
        Cutter literal = dynamic("dynamic, literal", size, slack, DelimiterScore.LITERAL);
        int[] lengths = texts.stream()
                .flatMapToInt(text -> IntStream.of(literal.lengths(text)))
                .toArray();
        return List.of(
                literal,
                dynamic("dynamic, sinkless", size, slack, DelimiterScore.SINKLESS),
                of("delimiter list", SplitMode.DELIMITER_LIST, size, slack),
                new Cutter("random", size, slack, Splitters.random(LengthDistribution.of(lengths), seed)));
    }

    /** Fixed blocks and dynamic ones with a quarter and half of slack. */
    List<Cutter> uniformFormat(int size) {
        return List.of(
                of("fixed", SplitMode.FIXED, size, 0),
                dynamic("dynamic, slack " + size / 4, size, size / 4, DelimiterScore.LITERAL),
                dynamic("dynamic, slack " + size / 2, size, size / 2, DelimiterScore.LITERAL));
    }

    /** Blocks that end behind the nearest delimiter: sentences and parts of them. */
    Cutter sentences() {
        return of("delimiter list", SplitMode.DELIMITER_LIST, SENTENCE_TOKENS, SENTENCE_TOKENS / 2);
    }

    private Cutter dynamic(String name, int size, int slack, DelimiterScore score) {
        return cutter(name, new SplitSettings(SplitMode.DYNAMIC, size, slack, DISTANCE_WEIGHT, score, seed));
    }

    private Cutter of(String name, SplitMode mode, int size, int slack) {
        return cutter(name, new SplitSettings(mode, size, slack, DISTANCE_WEIGHT, DelimiterScore.NONE, seed));
    }

    private Cutter cutter(String name, SplitSettings settings) {
        return new Cutter(
                name, settings.blockTokens(), settings.slackTokens(), Splitters.of(settings, table, () -> classes));
    }
}
