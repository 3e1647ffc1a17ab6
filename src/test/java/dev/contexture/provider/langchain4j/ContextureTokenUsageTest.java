package dev.contexture.provider.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.SparsityUsage;
import dev.contexture.session.GenerationEvent.Usage;
import dev.langchain4j.model.output.TokenUsage;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** AiServices add up the requests of one answer, beginning with a plain count of nothing. */
class ContextureTokenUsageTest {
    private static final ContextureTokenUsage USAGE =
            new ContextureTokenUsage(new Usage(10, 4, 6, 2, SparsityUsage.NONE, Optional.empty()));

    @Test
    void sumsKeepWhatIsOurs() {
        TokenUsage sum = TokenUsage.sum(TokenUsage.sum(new TokenUsage(), USAGE), USAGE);
        assertThat(sum).isInstanceOfSatisfying(ContextureTokenUsage.class, both -> {
            assertThat(both.inputTokenCount()).isEqualTo(20);
            assertThat(both.cachedInputTokenCount()).isEqualTo(2 * USAGE.cachedInputTokenCount());
            assertThat(both.outputTokenCount()).isEqualTo(2 * USAGE.outputTokenCount());
            assertThat(both.reasoningTokenCount()).isEqualTo(2 * USAGE.reasoningTokenCount());
            assertThat(both.totalTokenCount()).isEqualTo(both.inputTokenCount() + both.outputTokenCount());
        });
    }

    @Test
    void plainCountsAreOursWithoutMore() {
        assertThat(ContextureTokenUsage.of(new TokenUsage(3, 2)).cachedInputTokenCount())
                .isZero();
        assertThat(USAGE.add(null)).isSameAs(USAGE);
    }
}
