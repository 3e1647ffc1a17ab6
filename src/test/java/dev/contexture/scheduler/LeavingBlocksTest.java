package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.KnownBlock;
import dev.contexture.kv.PrefixKey;
import dev.contexture.kv.tier.Scope;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.scheduler.LeavingBlocks.Leaving;
import org.junit.jupiter.api.Test;

class LeavingBlocksTest {
    private static final Scope SCOPE = new Scope("0".repeat(32), "0123456789abcdef");

    private final LeavingBlocks blocks = new LeavingBlocks(2);

    private static Leaving of(String session, int begin) {
        return new Leaving(
                new KnownBlock(new BlockSpan(new PrefixKey(1, begin), begin, begin + 1), true),
                new TierUse(SCOPE, session, "", 0));
    }

    @Test
    void sessionsComeFirstEachInItsOrder() {
        assertThat(blocks.add(of("", 1))).isTrue();
        assertThat(blocks.add(of("ses_1", 2))).isTrue();
        assertThat(blocks.add(of("ses_2", 3))).isTrue();
        assertThat(blocks.add(of("ses_2", 4))).as("of sessions").isFalse();
        assertThat(blocks.add(of("", 5))).isTrue();
        for (int begin : new int[] {2, 3, 1, 5}) {
            assertThat(blocks.next().block().span().begin()).isEqualTo(begin);
        }
        assertThat(blocks.isEmpty()).isTrue();
    }

    @Test
    void whatIsErasedIsNotStored() {
        blocks.add(of("", 1));
        blocks.add(of("ses_1", 2));
        blocks.add(of("ses_2", 3));
        blocks.removeOf(owner -> owner.session().equals("ses_1"));
        assertThat(blocks.next().block().span().begin()).isEqualTo(3);
        assertThat(blocks.clear()).isEqualTo(1);
        assertThat(blocks.isEmpty()).isTrue();
    }
}
