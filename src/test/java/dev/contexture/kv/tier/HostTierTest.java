package dev.contexture.kv.tier;

import static dev.contexture.kv.tier.TierTestValues.TENANT;
import static dev.contexture.kv.tier.TierTestValues.index;
import static dev.contexture.kv.tier.TierTestValues.key;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.contexture.kv.tier.HostValue.Copy;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Memory for a hundred values of a unit each; eviction begins beyond 90 and ends at 80. */
class HostTierTest {
    private static final int UNIT = 64;
    private static final HostSettings SETTINGS = new HostSettings(UNIT, .8, .9, .5, .3, 3_000);
    private static final Owner A = new Owner(TENANT, "a");
    private static final Owner B = new Owner(TENANT, "b");

    private final MemorySegment memory = Arena.ofAuto().allocate(100 * UNIT);
    private final HostTier host = new HostTier(memory, SETTINGS, 50);

    private boolean add(TierKey key, int firstToken, Owner owner, Copy copy) {
        byte[] payload = TierTestValues.payload(key, 50);
        HostValue value = host.add(
                TierTestValues.name(key),
                firstToken,
                MemorySegment.ofArray(payload),
                CheckedPayload.checksumOf(ByteBuffer.wrap(payload)),
                owner,
                copy);
        return value != null;
    }

    /** Rows of blocks {@code [from, to)}, in a turn of their own. */
    private void fill(Owner owner, int from, int to, Copy copy) {
        for (int block = from; block < to; block++) {
            assertThat(add(key(block), 16 * (block - from), owner, copy)).isTrue();
        }
        host.beginTurn();
    }

    private List<Integer> there(int from, int to) {
        return IntStream.range(from, to)
                .filter(block -> host.find(key(block)) != null)
                .boxed()
                .toList();
    }

    private static List<Integer> range(int from, int to) {
        return IntStream.range(from, to).boxed().toList();
    }

    private HostValue value(TierKey key) {
        HostValue value = host.find(key);
        assertThat(value).isNotNull();
        return Objects.requireNonNull(value);
    }

    @Test
    void fromTheHighWatermarkOnValuesGoDownToTheLowOne() {
        fill(A, 0, 45, Copy.HELD);
        fill(B, 100, 145, Copy.HELD);
        assertThat(host.figures().values()).isEqualTo(90);
        assertThat(host.figures().demotedValues()).isZero();
        fill(B, 145, 146, Copy.HELD);
        assertThat(host.figures().values()).isEqualTo(80);
        assertThat(host.figures().demotedValues()).isEqualTo(11);
        assertThat(there(0, 45)).as("A was used before B; its end goes first").isEqualTo(range(0, 34));
    }

    @Test
    void theIndexGoesLastAndASessionIsDrainedBeforeTheNext() {
        for (int block = 0; block < 10; block++) {
            add(index(block), 16 * block, A, Copy.HELD);
        }
        fill(A, 0, 30, Copy.HELD);
        fill(B, 100, 140, Copy.HELD);
        fill(new Owner(TENANT, "c"), 200, 220, Copy.HELD);
        assertThat(there(0, 30)).isEqualTo(range(0, 19));
        assertThat(there(100, 140)).hasSize(40);
        assertThat(IntStream.range(0, 10).allMatch(block -> host.find(index(block)) != null))
                .isTrue();
        fill(new Owner(TENANT, "d"), 300, 330, Copy.HELD);
        assertThat(there(0, 30)).isEmpty();
    }

    @Test
    void loadedRowsStayLongest() {
        fill(A, 0, 45, Copy.HELD);
        byte[] target = new byte[50];
        for (int block : new int[] {44, 40}) {
            assertThat(host.read(value(key(block)), MemorySegment.ofArray(target)))
                    .isTrue();
            assertThat(target).isEqualTo(TierTestValues.payload(key(block), 50));
        }
        fill(B, 100, 145, Copy.HELD);
        fill(B, 145, 146, Copy.HELD);
        assertThat(there(0, 45)).hasSize(34).contains(40, 44).doesNotContain(43, 42, 41, 39);
    }

    @Test
    void whatIsNotWrittenOrInUseOrJustArrivedStays() {
        fill(A, 0, 30, Copy.WAITING);
        fill(B, 100, 130, Copy.HELD);
        IntStream.range(100, 120).forEach(block -> host.retain(value(key(block))));
        Owner c = new Owner(TENANT, "c");
        IntStream.range(200, 230)
                .forEach(block -> assertThat(add(key(block), 0, c, Copy.HELD)).isTrue());
        assertThat(add(key(230), 0, c, Copy.HELD)).isTrue();
        assertThat(there(0, 30)).hasSize(30);
        assertThat(there(100, 130)).isEqualTo(range(100, 120));
        assertThat(there(200, 231)).hasSize(31);
    }

    @Test
    void aGiantSessionTakesOnlyWhatIsFreeAndThenItsOwn() {
        fill(B, 100, 120, Copy.HELD);
        fill(A, 0, 70, Copy.HELD);
        fill(A, 70, 100, Copy.HELD);
        assertThat(there(100, 120)).hasSize(20);
        assertThat(host.figures().values()).isEqualTo(90);
        fill(new Owner(TENANT, "c"), 200, 211, Copy.HELD);
        assertThat(there(100, 120)).as("the giant gives first").hasSize(20);
        assertThat(there(0, 100)).hasSize(59);
    }

    @Test
    void aGiantSessionThatCannotGiveAnythingGetsNothing() {
        fill(B, 100, 120, Copy.HELD);
        fill(A, 0, 70, Copy.WAITING);
        assertThat(add(key(70), 0, A, Copy.WAITING)).isFalse();
        assertThat(there(100, 120)).hasSize(20);
    }

    @Test
    void pinnedSessionsStayWithinTheirBound() {
        fill(A, 0, 20, Copy.HELD);
        host.accounts().pin(host.accounts().open(A));
        fill(A, 20, 40, Copy.HELD);
        assertThat(host.accounts().pinnedBytes()).isEqualTo(30 * UNIT);
        for (int round = 0; round < 5; round++) {
            fill(new Owner(TENANT, "c" + round), 1_000 * (round + 1), 1_000 * (round + 1) + 45, Copy.HELD);
        }
        assertThat(there(0, 40)).isEqualTo(range(0, 30));
        host.accounts().unpin(host.accounts().open(A));
        assertThat(host.accounts().pinnedBytes()).isZero();
        fill(B, 100, 145, Copy.HELD);
        fill(B, 145, 150, Copy.HELD);
        assertThat(there(0, 40)).isEmpty();
    }

    @Test
    void sharedValuesStayWithWhoIsLeft() {
        fill(A, 0, 10, Copy.HELD);
        for (int block = 0; block < 5; block++) {
            host.use(value(key(block)), B);
        }
        assertThat(host.usage(host.accounts().open(A)).values()).isEqualTo(10);
        assertThat(host.erase(A)).hasSize(5);
        assertThat(there(0, 10)).isEqualTo(range(0, 5));
        assertThat(host.usage(host.accounts().open(B))).isEqualTo(new TierStats.Usage(5 * UNIT, 5));
        assertThat(host.erase(B)).hasSize(5);
        assertThat(host.figures().occupiedBytes()).isZero();
        assertThat(host.accounts().all()).isEmpty();
    }

    @Test
    void whatManyUseBelongsToThePrefixCache() {
        fill(A, 0, 1, Copy.HELD);
        for (int i = 0; i < 2 * HostValue.MOST_OWNERS; i++) {
            host.use(value(key(0)), new Owner(TENANT, "s" + i));
        }
        assertThat(value(key(0)).payer().owner).isEqualTo(Owner.prefixCache(TENANT));
        for (int i = 0; i < 2 * HostValue.MOST_OWNERS; i++) {
            assertThat(host.erase(new Owner(TENANT, "s" + i))).isEmpty();
        }
        assertThat(host.accounts().all()).hasSize(1);
        host.eraseAll(owner -> owner.namespace().equals(TENANT));
        assertThat(host.figures().values()).isZero();
    }

    @Test
    void anErasedValueKeepsItsBytesWhileItIsRead() {
        fill(A, 0, 1, Copy.HELD);
        HostValue value = value(key(0));
        host.retain(value);
        host.erase(A);
        fill(B, 100, 145, Copy.HELD);
        assertThat(host.figures().occupiedBytes()).isEqualTo(46 * UNIT);
        byte[] target = new byte[50];
        assertThat(host.read(value, MemorySegment.ofArray(target))).isTrue();
        assertThat(target).isEqualTo(TierTestValues.payload(key(0), 50));
        host.release(value);
        assertThat(host.figures().occupiedBytes()).isEqualTo(45 * UNIT);
    }

    @Test
    void everyFlippedBitOfAValueShows() {
        fill(A, 0, 1, Copy.HELD);
        byte[] target = new byte[50];
        for (int bit = 0; bit < 8 * 50; bit++) {
            flip(bit);
            assertThat(host.read(value(key(0)), MemorySegment.ofArray(target))).isFalse();
            flip(bit);
        }
        assertThat(host.read(value(key(0)), MemorySegment.ofArray(target))).isTrue();
    }

    private void flip(int bit) {
        byte before = memory.get(JAVA_BYTE, bit / 8);
        memory.set(JAVA_BYTE, bit / 8, (byte) (before ^ 1 << bit % 8));
    }

    @Test
    void settingsRefuseWhatMakesNoSense() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new HostSettings(UNIT, .9, .8, .5, .3, 3_000))
                .withMessage("lowWatermark 0.9 must not be above highWatermark 0.8");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new HostSettings(UNIT, .8, 1.1, .5, .3, 3_000))
                .withMessage("highWatermark must be above 0 and at most 1 but is 1.1");
    }
}
