package dev.contexture.kv.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class EvictionPolicyTest {
    private static HostValue value(TierKey key, int firstToken, long loaded) {
        HostValue value = new HostValue(TierTestValues.name(key), firstToken, 10, 64, 0, 0, 1, HostValue.Copy.HELD);
        value.loaded = loaded;
        return value;
    }

    private static List<HostValue> allSmallValues() {
        List<HostValue> values = new ArrayList<>();
        for (int block = 0; block < 3; block++) {
            for (int firstToken = 0; firstToken < 3; firstToken++) {
                for (long loaded = 0; loaded < 3; loaded++) {
                    values.add(value(TierTestValues.key(100 * firstToken + 10 * loaded + block), firstToken, loaded));
                    values.add(value(TierTestValues.index(100 * firstToken + 10 * loaded + block), firstToken, loaded));
                }
            }
        }
        return values;
    }

    @Test
    void theOrderInASessionIsATotalOne() {
        List<HostValue> values = allSmallValues();
        for (HostValue a : values) {
            for (HostValue b : values) {
                int order = EvictionPolicy.IN_SESSION.compare(a, b);
                assertThat(order == 0).isEqualTo(a == b);
                assertThat(Integer.signum(order)).isEqualTo(-Integer.signum(EvictionPolicy.IN_SESSION.compare(b, a)));
                for (HostValue c : values) {
                    if (order < 0 && EvictionPolicy.IN_SESSION.compare(b, c) < 0) {
                        assertThat(EvictionPolicy.IN_SESSION.compare(a, c)).isNegative();
                    }
                }
            }
        }
    }

    @Test
    void rowsGoBeforeIndexUnloadedBeforeLoadedAndTheEndBeforeTheBeginning() {
        List<HostValue> values = allSmallValues();
        values.sort(EvictionPolicy.IN_SESSION);
        for (int i = 1; i < values.size(); i++) {
            HostValue before = values.get(i - 1);
            HostValue after = values.get(i);
            assertThat(before.isIndex() && !after.isIndex()).isFalse();
            if (before.isIndex() == after.isIndex()) {
                assertThat(before.loaded).isLessThanOrEqualTo(after.loaded);
                if (before.loaded == after.loaded) {
                    assertThat(before.firstToken).isGreaterThanOrEqualTo(after.firstToken);
                }
            }
        }
    }

    @Test
    void theFurtherBackABlockLiesTheMoreItCosts() {
        assertThat(EvictionPolicy.recomputeCost(0, 16, 1_000_000)).isCloseTo(16, within(.001));
        assertThat(EvictionPolicy.recomputeCost(992, 16, 1_000)).isCloseTo(32, within(.001));
        for (int firstToken = 0; firstToken < 5_000; firstToken++) {
            assertThat(EvictionPolicy.recomputeCost(firstToken + 1, 16, 3_000))
                    .isGreaterThan(EvictionPolicy.recomputeCost(firstToken, 16, 3_000));
            // Cutting a block in two changes nothing.
            assertThat(EvictionPolicy.recomputeCost(firstToken, 7, 3_000)
                            + EvictionPolicy.recomputeCost(firstToken + 7, 9, 3_000))
                    .isCloseTo(EvictionPolicy.recomputeCost(firstToken, 16, 3_000), within(1e-9));
        }
    }

    @Test
    void worthGrowsWithUseAndCostAndTimeButNotWithSize() {
        for (int uses = 1; uses < 8; uses++) {
            for (int cost = 1; cost < 8; cost++) {
                for (int bytes = 1; bytes < 8; bytes++) {
                    double worth = EvictionPolicy.worth(1, uses, cost, bytes);
                    assertThat(EvictionPolicy.worth(1, uses + 1, cost, bytes)).isGreaterThan(worth);
                    assertThat(EvictionPolicy.worth(1, uses, cost + 1, bytes)).isGreaterThan(worth);
                    assertThat(EvictionPolicy.worth(1.1, uses, cost, bytes)).isGreaterThan(worth);
                    assertThat(EvictionPolicy.worth(1, uses, cost, bytes + 1)).isLessThan(worth);
                }
            }
        }
        assertThat(EvictionPolicy.worth(3, 1, 0, 0)).isEqualTo(3);
    }

    private static OwnerAccount account(String session, long bytes, double cost, int uses, double usedAt) {
        OwnerAccount account = new OwnerAccount(new Owner(TierTestValues.TENANT, session));
        account.occupiedBytes = bytes;
        account.recomputeCost = cost;
        account.uses = uses;
        account.usedAt = usedAt;
        return account;
    }

    @Test
    void aSessionBeyondItsShareGivesFirstHoweverMuchItIsWorth() {
        OwnerAccount giant = account("giant", 500, 1e9, 16, 100);
        OwnerAccount larger = account("larger", 600, 1e9, 16, 100);
        OwnerAccount small = account("small", 10, 1, 1, 0);
        assertThat(EvictionPolicy.next(Stream.of(small, giant, larger), 400)).isSameAs(larger);
        assertThat(EvictionPolicy.next(Stream.of(small, giant, larger), 500)).isSameAs(larger);
        assertThat(EvictionPolicy.next(Stream.of(small, giant, larger), 600)).isSameAs(small);
        assertThat(EvictionPolicy.next(Stream.of(), 600)).isNull();
    }

    @Test
    void betweenEqualsTheOneThatWasUsedEarlierGives() {
        OwnerAccount early = account("early", 100, 50, 3, 1);
        OwnerAccount late = account("late", 100, 50, 3, 2);
        OwnerAccount often = account("often", 100, 50, 9, 1);
        assertThat(EvictionPolicy.next(Stream.of(often, late, early), 1_000)).isSameAs(early);
        assertThat(EvictionPolicy.next(Stream.of(often, late), 1_000)).isSameAs(late);
    }
}
