package dev.contexture.kv;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.KvDtype;
import dev.contexture.core.KvGeometry;
import dev.contexture.split.BuiltInDelimiters;
import dev.contexture.split.SplitMode;
import dev.contexture.split.SplitSettings;
import dev.contexture.split.Splitters;
import dev.contexture.split.TokenClasses;
import dev.contexture.testing.ByteTokenizer;
import dev.contexture.testing.VaryingCutter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Prefixes are found block by block, whatever pages they lie on. */
class PrefixSharingTest {
    private static final int PAGE_TOKENS = 8;
    private static final int PAGES = 64;

    /** What each slot holds: the token that was computed there. */
    private final int[] slots = new int[PAGES * PAGE_TOKENS];

    private KvCache kv = cache(VaryingCutter::new);

    private long nextId = 1;

    private KvCache cache(BlockCutter.Factory cutters) {
        return new KvCache(
                new KvGeometry(1, 1, 2, PAGE_TOKENS, KvDtype.F16),
                PAGES,
                cutters,
                (from, to, count) -> System.arraycopy(slots, from * PAGE_TOKENS, slots, to * PAGE_TOKENS, count));
    }

    /** Computes what is missing in chunks, and checks that every slot of the sequence holds its own token. */
    private int run(int[] tokens, Random random) {
        long id = nextId++;
        int cached = kv.admit(id, tokens, "salt");
        assertHolds(id, tokens, cached);
        for (int at = cached; at < tokens.length; ) {
            int count = Math.min(tokens.length - at, 1 + random.nextInt(13));
            int[] chunk = Arrays.copyOfRange(tokens, at, at + count);
            try (StepReservation reservation = kv.reserve(List.of(new SlotRequest(id, chunk)))) {
                StepSlots step = reservation.slots();
                for (int i = 0; i < count; i++) {
                    slots[(int) step.slot(0, at + i)] = chunk[i];
                }
                reservation.commit();
            }
            at += count;
        }
        assertHolds(id, tokens, tokens.length);
        assertThat(KvInvariants.check(kv.snapshot())).isEmpty();
        kv.release(id);
        assertThat(KvInvariants.check(kv.snapshot())).isEmpty();
        return cached;
    }

    private void assertHolds(long id, int[] tokens, int length) {
        int[] pages = kv.table(id).pages();
        for (int i = 0; i < length; i++) {
            assertThat(slots[pages[i / PAGE_TOKENS] * PAGE_TOKENS + i % PAGE_TOKENS])
                    .as("token %d of %d", i, length)
                    .isEqualTo(tokens[i]);
        }
    }

    private static int[] tokens(Random random, int count) {
        return random.ints(count, 0, 50).toArray();
    }

    @Test
    void aPromptIsFoundUpToItsLastCertainBlock() {
        Random random = new Random(1);
        int[] prompt = tokens(random, 100);
        assertThat(run(prompt, random)).isZero();
        assertThat(run(prompt, random)).isBetween(100 - 2 * 11 - 1, 98);
    }

    @Test
    void aPrefixMayEndInTheMiddleOfAPage() {
        Random random = new Random(2);
        int[] prompt = tokens(random, 90);
        run(prompt, random);
        List<Integer> rests = new ArrayList<>();
        for (int common = 30; common < 80; common++) {
            int[] other = Arrays.copyOf(prompt, 90);
            for (int i = common; i < other.length; i++) {
                other[i] = 100 + i;
            }
            int cached = run(other, random);
            assertThat(cached).isLessThanOrEqualTo(common).isGreaterThan(common - 2 * 11 - 1);
            rests.add(cached % PAGE_TOKENS);
        }
        assertThat(rests).as("places on a page").contains(1, 3, 5, 7);
    }

    @ParameterizedTest
    @ValueSource(longs = {3, 4, 5, 6, 7, 8})
    void randomFamiliesOnASmallPoolNeverMixTokens(long seed) {
        assertThat(familiesWithKnownPrefixes(seed)).isGreaterThan(20);
        assertThat(kv.stats().evictions()).isPositive();
    }

    private int familiesWithKnownPrefixes(long seed) {
        Random random = new Random(seed);
        List<int[]> seen = new ArrayList<>();
        int found = 0;
        for (int i = 0; i < 200; i++) {
            int[] prompt = tokens(random, 2 + random.nextInt(200));
            if (!seen.isEmpty() && random.nextInt(4) > 0) {
                int[] relative = seen.get(random.nextInt(seen.size()));
                int common = random.nextInt(Math.min(relative.length, prompt.length));
                System.arraycopy(relative, 0, prompt, 0, common);
            }
            seen.add(prompt);
            found += run(prompt, random) > 0 ? 1 : 0;
        }
        return found;
    }

    @ParameterizedTest
    @EnumSource(SplitMode.class)
    void whateverCutsTokensNeverMix(SplitMode mode) {
        ByteTokenizer bytes = new ByteTokenizer();
        kv = cache(Splitters.of(
                SplitSettings.of(mode),
                BuiltInDelimiters.general(),
                () -> TokenClasses.of(bytes.vocabularySize(), bytes::isSpecial, bytes::tokenBytes)));
        assertThat(familiesWithKnownPrefixes(9)).isPositive();
    }
}
