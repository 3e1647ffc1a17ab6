package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.FinishReason;
import dev.contexture.core.SparsityUsage;
import dev.contexture.scheduler.RecordingSink.Manner;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OutletTest {
    private int wakes;

    private Outlet outlet(RecordingSink sink) {
        Outlet outlet = new Outlet(sink, () -> wakes++);
        outlet.admitted(0, Optional.empty());
        for (int i = 0; i < 5; i++) {
            outlet.token(new GeneratedToken(i, 0f, List.of()));
        }
        return outlet;
    }

    @ParameterizedTest
    @EnumSource(FinishReason.class)
    void anAnswerThatHasStoppedIsWholeWhateverEndsItsSequence(FinishReason reason) {
        RecordingSink sink = new RecordingSink(Manner.STOPS_AT_THIRD_TOKEN);
        Outlet outlet = outlet(sink);
        assertThat(outlet.word()).isEqualTo(Outlet.Word.STOP);
        assertThat(wakes).isEqualTo(1);
        assertThat(outlet.finished(reason, SparsityUsage.NONE)).isTrue();
        assertThat(sink.tokens).hasSize(3);
        assertThat(sink.reason).isEqualTo(FinishReason.STOP);
    }

    @Test
    void aStepThatFailsDoesNotConcernAnAnswerThatHasStopped() {
        RecordingSink sink = new RecordingSink(Manner.STOPS_AT_THIRD_TOKEN);
        outlet(sink).failed(new IllegalStateException("the step failed"), SparsityUsage.NONE);
        assertThat(sink.reason).isEqualTo(FinishReason.STOP);
        assertThat(sink.failure).isNull();
        assertThat(sink.ends).isEqualTo(1);
    }

    @Test
    void aSinkThatBreaksIsToldOnce() {
        RecordingSink sink = new RecordingSink(Manner.THROWS_AT_TOKEN);
        Outlet outlet = outlet(sink);
        assertThat(outlet.word()).isEqualTo(Outlet.Word.BROKEN);
        outlet.failed(new IllegalStateException("the step failed"), SparsityUsage.NONE);
        outlet.finished(FinishReason.LENGTH, SparsityUsage.NONE);
        assertThat(sink.ends).isEqualTo(1);
        assertThat(sink.failure).hasMessage("broken at a token");
    }

    @Test
    void anErrorOfASinkIsAFailureOfItsOwn() {
        RecordingSink sink = new RecordingSink(Manner.PLAIN);
        TokenSink broken = new TokenSink() {
            @Override
            public void onAdmitted(int cachedTokens, Optional<RestoreReport> restore) {}

            @Override
            public Verdict onToken(GeneratedToken token) {
                throw new NoClassDefFoundError("told to");
            }

            @Override
            public void onFinished(FinishReason reason, SparsityUsage sparsity) {
                sink.onFinished(reason, sparsity);
            }

            @Override
            public void onFailed(RuntimeException cause) {
                sink.onFailed(cause);
            }
        };
        Outlet outlet = new Outlet(broken, () -> wakes++);
        outlet.token(new GeneratedToken(1, 0f, List.of()));
        assertThat(outlet.word()).isEqualTo(Outlet.Word.BROKEN);
        assertThat(sink.failure).hasCauseInstanceOf(NoClassDefFoundError.class);
    }
}
