package dev.contexture.split;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.kv.BlockCutter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Seeded random streams of tokens, rich and poor in delimiters, in blocks of several shapes. */
class SegmenterTest {
    private static final List<String> VOCABULARY = List.of(
            " a", "b", " C", "4", "_", " +", "-", "(", "<|end|>", "\n\n", "\n", ".", ":", ",", ")", "|", "    ", "x");
    private static final TokenClasses CLASSES = Pieces.classes(VOCABULARY);
    private static final int PLAIN_TOKENS = 8;
    private static final DelimiterTable TABLE = BuiltInDelimiters.general();

    static Stream<Arguments> settings() {
        List<Arguments> all = new ArrayList<>();
        long seed = 1;
        for (SplitMode mode : List.of(SplitMode.DYNAMIC, SplitMode.DELIMITER_LIST)) {
            for (int[] shape : new int[][] {{16, 4}, {16, 8}, {32, 8}, {8, 7}, {2, 1}, {5, 0}, {100, 30}}) {
                for (double price : new double[] {0, 0.5, 2}) {
                    all.add(Arguments.of(
                            new SplitSettings(mode, shape[0], shape[1], price, DelimiterScore.LITERAL, 0), seed++));
                }
            }
        }
        return all.stream();
    }

    private static BlockCutter cutter(SplitSettings settings) {
        return Splitters.of(settings, TABLE, () -> CLASSES).newCutter();
    }

    private static int[] stream(Random random, int count) {
        int[] tokens = new int[count];
        double delimiters = random.nextDouble();
        for (int i = 0; i < count; i++) {
            if (random.nextInt(200) == 0) {
                delimiters = random.nextInt(3) == 0 ? 0 : random.nextDouble();
            }
            tokens[i] =
                    random.nextDouble() < delimiters ? random.nextInt(VOCABULARY.size()) : random.nextInt(PLAIN_TOKENS);
        }
        return tokens;
    }

    private static List<Integer> ends(BlockCutter cutter, int[] tokens) {
        List<Integer> ends = new ArrayList<>();
        cutter.accept(tokens, 0, tokens.length, ends::add);
        return ends;
    }

    /** The definition, over the whole sequence at once. */
    private static List<Integer> defined(SplitSettings settings, int[] tokens) {
        boolean list = settings.mode() == SplitMode.DELIMITER_LIST;
        double price = list ? 1 : settings.distanceWeight();
        KindTracker tracker = new KindTracker(TABLE.shapeScores());
        TextKind[] kinds = new TextKind[tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            tracker.accept(CLASSES.shape(tokens[i]));
            kinds[i] = tracker.kind();
        }
        List<Integer> ends = new ArrayList<>();
        int slack = settings.slackTokens();
        int begin = 0;
        while (begin + settings.blockTokens() + slack <= tokens.length) {
            int ideal = begin + settings.blockTokens();
            int best = ideal;
            double highest = Double.NEGATIVE_INFINITY;
            for (int end = ideal - slack; end <= ideal + slack; end++) {
                DelimiterType type = CLASSES.type(tokens[end - 1]);
                if (type == DelimiterType.NONE) {
                    continue;
                }
                double weight = list ? 0 : TABLE.literal().of(kinds[end - 1], type);
                double value = weight - (slack == 0 ? 0 : price / slack) * Math.abs(end - ideal);
                if (value > highest) {
                    highest = value;
                    best = end;
                }
            }
            ends.add(best);
            begin = best;
        }
        return ends;
    }

    @ParameterizedTest
    @MethodSource("settings")
    void blocksEndWhereTheDefinitionSays(SplitSettings settings, long seed) {
        int[] tokens = stream(new Random(seed), 5_000);
        List<Integer> ends = ends(cutter(settings), tokens);
        List<Integer> defined = defined(settings, tokens);
        // The segmenter may know the last ends sooner than the definition, which asks for all of the last range.
        assertThat(ends.subList(0, defined.size())).isEqualTo(defined);
    }

    @ParameterizedTest
    @MethodSource("settings")
    void blocksPartitionTheTokensWithinTheirBounds(SplitSettings settings, long seed) {
        int[] tokens = stream(new Random(seed), 5_000);
        int begin = 0;
        for (int end : ends(cutter(settings), tokens)) {
            assertThat(end - begin).isBetween(settings.shortest(), settings.longest());
            begin = end;
        }
        assertThat(tokens.length - begin).isLessThan(settings.longest());
    }

    @ParameterizedTest
    @MethodSource("settings")
    void chunksDoNotMatter(SplitSettings settings, long seed) {
        Random random = new Random(seed);
        int[] tokens = stream(random, 3_000);
        List<Integer> whole = ends(cutter(settings), tokens);
        for (int most : new int[] {1, 7, 300}) {
            BlockCutter cutter = cutter(settings);
            List<Integer> ends = new ArrayList<>();
            for (int at = 0; at < tokens.length; ) {
                int to = Math.min(tokens.length, at + random.nextInt(most + 1));
                cutter.accept(tokens, at, to, ends::add);
                at = to;
            }
            assertThat(ends).as("chunks of up to %d", most).isEqualTo(whole);
        }
    }

    @ParameterizedTest
    @MethodSource("settings")
    void anEndIsKnownAtMostTheSlackBehindTheIdealEnd(SplitSettings settings, long seed) {
        int[] tokens = stream(new Random(seed), 3_000);
        BlockCutter cutter = cutter(settings);
        int[] begin = {0};
        for (int i = 0; i < tokens.length; i++) {
            int seen = i + 1;
            cutter.accept(tokens, i, seen, end -> {
                assertThat(end).isLessThanOrEqualTo(seen);
                assertThat(seen - end).isLessThanOrEqualTo(2 * settings.slackTokens());
                begin[0] = end;
            });
            assertThat(seen).as("tokens without an end").isLessThan(begin[0] + settings.longest());
        }
    }

    @ParameterizedTest
    @MethodSource("settings")
    void equalPrefixesHaveEqualBlocks(SplitSettings settings, long seed) {
        Random random = new Random(seed);
        int[] tokens = stream(random, 2_000);
        List<Integer> ends = ends(cutter(settings), tokens);
        for (int i = 0; i < 20; i++) {
            int common = random.nextInt(tokens.length);
            int[] other = stream(random, tokens.length);
            System.arraycopy(tokens, 0, other, 0, common);
            int certain = common - 2 * settings.slackTokens();
            assertThat(upTo(certain, ends(cutter(settings), other))).isEqualTo(upTo(certain, ends));
            List<Integer> known = ends(cutter(settings), Arrays.copyOf(tokens, common));
            assertThat(ends.subList(0, known.size())).isEqualTo(known);
        }
    }

    private static List<Integer> upTo(int most, List<Integer> ends) {
        return ends.stream().filter(end -> end <= most).toList();
    }

    @Test
    void aSentenceEndBeatsANearerCommaAndDistanceHasItsPrice() {
        SplitSettings settings = new SplitSettings(SplitMode.DYNAMIC, 8, 4, 0.5, DelimiterScore.LITERAL, 0);
        Pieces pieces = new Pieces();
        // .7 at distance 2 (.25) against .3 at distance 0; then .7 at distance 4 (.5) against .3 at distance 0.
        int[] near = pieces.encode(" a a a a a. a, a a a a a a a a");
        int[] far = pieces.encode(" a a a. a a a, a a a a a a a a");
        BlockCutter.Factory cutters = Splitters.of(settings, TABLE, pieces::classes);
        assertThat(ends(cutters.newCutter(), near).getFirst()).isEqualTo(6);
        assertThat(ends(cutters.newCutter(), far).getFirst()).isEqualTo(8);
    }

    @Test
    void theScoreChoosesTheWeights() throws Exception {
        DelimiterTable table = TestTables.sample();
        Pieces pieces = new Pieces();
        int[] tokens = pieces.encode(" a a a a a. a, a a a a a a a a a a a a");
        List<Integer> first = new ArrayList<>();
        for (DelimiterScore score : DelimiterScore.values()) {
            SplitSettings settings = new SplitSettings(SplitMode.DYNAMIC, 9, 4, 0.1, score, 0);
            first.add(ends(Splitters.of(settings, table, pieces::classes).newCutter(), tokens)
                    .getFirst());
        }
        assertThat(first).containsExactly(6, 8, 8);
    }
}
