package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.kv.tier.Owner;
import org.junit.jupiter.api.Test;

class LastOwnersTest {
    private final LastOwners owners = new LastOwners(2);

    private static Owner session(int number) {
        return new Owner("n", "ses_" + number);
    }

    @Test
    void theFirstAreForgotten() {
        for (int number : new int[] {1, 2, 1, 3}) {
            owners.add(session(number));
        }
        assertThat(owners.contains(session(1))).isFalse();
        assertThat(owners.contains(session(2))).isTrue();
        owners.remove(session(2));
        assertThat(owners.contains(session(2))).isFalse();
        assertThat(owners.contains(session(3))).isTrue();
    }

    @Test
    void nobodyIsNone() {
        owners.add(Owner.prefixCache("n"));
        assertThat(owners.contains(Owner.prefixCache("n"))).isFalse();
    }
}
