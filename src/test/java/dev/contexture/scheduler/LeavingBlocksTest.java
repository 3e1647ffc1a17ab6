package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.KnownBlock;
import dev.contexture.kv.PrefixKey;
import dev.contexture.kv.tier.Scope;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.scheduler.LeavingBlocks.Leaving;
import java.util.List;
import org.junit.jupiter.api.Test;

class LeavingBlocksTest {
    private static final Scope SCOPE = new Scope("0".repeat(32), "0123456789abcdef");

    private final LeavingBlocks blocks = new LeavingBlocks(4);

    private static Leaving of(String session, int begin) {
        return new Leaving(
                new KnownBlock(new BlockSpan(new PrefixKey(1, begin), begin, begin + 1), true),
                new TierUse(SCOPE, session, "", 0));
    }

    @Test
    void sessionsComeFirstEachInItsOrder() {
        for (Leaving each : List.of(of("", 1), of("ses_1", 2), of("ses_2", 3), of("", 4))) {
            assertThat(blocks.add(each)).isEmpty();
        }
        for (int begin : new int[] {2, 3, 1, 4}) {
            assertThat(blocks.next().block().span().begin()).isEqualTo(begin);
        }
        assertThat(blocks.isEmpty()).isTrue();
    }

    @Test
    void whereThereIsNoRoomSessionsTakeThatOfOthers() {
        for (int begin = 1; begin <= 3; begin++) {
            blocks.add(of("", begin));
        }
        blocks.add(of("ses_1", 4));
        assertThat(blocks.add(of("", 5)))
                .hasValueSatisfying(
                        without -> assertThat(without.block().span().begin()).isEqualTo(5));
        for (int begin = 3; begin >= 1; begin--) {
            int left = begin;
            assertThat(blocks.add(of("ses_1", 10 + begin)))
                    .hasValueSatisfying(without ->
                            assertThat(without.block().span().begin()).isEqualTo(left));
        }
        assertThat(blocks.add(of("ses_1", 20)))
                .hasValueSatisfying(
                        without -> assertThat(without.block().span().begin()).isEqualTo(20));
    }

    @Test
    void whatIsErasedIsNotStored() {
        blocks.add(of("", 1));
        blocks.add(of("ses_1", 2));
        blocks.add(of("ses_2", 3));
        blocks.removeOf(owner -> owner.session().equals("ses_1"));
        assertThat(blocks.next().block().span().begin()).isEqualTo(3);
        assertThat(blocks.next().block().span().begin()).isEqualTo(1);
        assertThat(blocks.isEmpty()).isTrue();
    }
}
