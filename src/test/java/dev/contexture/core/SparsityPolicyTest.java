package dev.contexture.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a request may ask of the server's sparsity. */
class SparsityPolicyTest {
    private static final SparsityPolicy POLICY =
            new SparsityPolicy(new Sparsity(SparsityMode.AUTO, 512, 4, 64, 2048), 4096, 4, true);

    private static SparsityOverrides asked(SparsityMode mode, Integer budget, Integer sink, Integer recent) {
        return new SparsityOverrides(mode, budget, sink, recent);
    }

    @Test
    void whatIsNotSaidIsTheServersChoice() {
        assertThat(POLICY.resolve(SparsityOverrides.NONE)).isEqualTo(POLICY.defaults());
        assertThat(POLICY.resolve(new SparsityOverrides(SparsityMode.BLOCKS, 256, null, null)))
                .isEqualTo(new Sparsity(SparsityMode.BLOCKS, 256, 4, 64, 1024));
    }

    @ParameterizedTest
    @CsvSource({"-5, 0, 1, budget must be at least 1", "100, -1, 1, sink must not be negative", "64, 8, 60, budget (64)"
    })
    void badNumbersAreRefusedWhetherOrNotAnythingIsSelected(int budget, int sink, int recent, String reason) {
        SparsityOverrides bad = asked(SparsityMode.AUTO, budget, sink, recent);
        assertThatThrownBy(() -> POLICY.resolve(bad))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(reason);
        assertThatThrownBy(() -> SparsityPolicy.DENSE_ONLY.resolve(bad))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(reason);
    }

    @Test
    void aDenseServerTakesDenseAndAutoOnly() {
        assertThat(SparsityPolicy.DENSE_ONLY.resolve(asked(SparsityMode.DENSE, 100, 4, 8)))
                .isEqualTo(Sparsity.DENSE);
        assertThat(SparsityPolicy.DENSE_ONLY.resolve(SparsityOverrides.NONE)).isEqualTo(Sparsity.DENSE);
        assertThatThrownBy(() -> SparsityPolicy.DENSE_ONLY.resolve(asked(SparsityMode.TOKENS, 100, 4, 8)))
                .hasMessageContaining("mode is not available");
    }

    @Test
    void aBudgetAboveTheServersIsRefused() {
        assertThatThrownBy(() -> POLICY.resolve(asked(SparsityMode.TOKENS, 4097, 4, 64)))
                .hasMessage("budget must be at most 4096 but is 4097");
    }
}
