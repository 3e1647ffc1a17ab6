package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.PrefixKey;
import dev.contexture.scheduler.BlockTraffic.Restore.Progress;
import dev.contexture.scheduler.BlockTraffic.Restore.Turn;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

class TalliedRestoreTest {
    private static final RestoreReport PLAN = new RestoreReport(RestoreReport.Choice.WHOLE, 100, 5, 7);

    @Test
    void whatComesIsCountedByWhereItLay() {
        Deque<Turn> turns = new ArrayDeque<>(List.of(
                new Turn(0, Progress.WAITING),
                new Turn(30, Progress.MORE),
                new Turn(25, Progress.MORE),
                new Turn(0, Progress.DONE)));
        BitSet near = new BitSet();
        near.set(0);
        near.set(2);
        TalliedRestore restore = new TalliedRestore(
                turns::remove, PLAN, List.of(span(0, 10), span(10, 30), span(30, 70), span(70, 100)), near);
        assertThat(restore.report()).contains(PLAN);
        assertThat(restore.turn().progress()).isEqualTo(Progress.WAITING);
        assertThat(restore.turn().tokens()).isEqualTo(30);
        assertThat(restore.report()).contains(PLAN.came(10, 20));
        restore.turn();
        restore.turn();
        assertThat(restore.report()).contains(PLAN.came(35, 20));
    }

    private static BlockSpan span(int begin, int end) {
        return new BlockSpan(new PrefixKey(begin, end), begin, end);
    }
}
