package dev.contexture.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.scheduler.GeneratedToken;
import dev.contexture.testing.ByteTokenizer;
import dev.contexture.testing.LetterTokenizer;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Tokens to text that may be sent. A token is a byte here. */
class ChoiceTextTest {
    private final Tokenizer tokenizer = new ByteTokenizer();

    /** Everything that came out, with a bar behind each piece. */
    private String pieces(ChoiceText choice, String text) {
        StringBuilder out = new StringBuilder();
        for (int id : tokenizer.encode(text, Tokenizer.SpecialTokens.AS_TEXT)) {
            ChoiceText.Piece piece = choice.append(new GeneratedToken(id, -1f, List.of()));
            if (!piece.isEmpty()) {
                out.append(piece.text()).append('|');
            }
            if (piece.stopped()) {
                return out.append("stopped").toString();
            }
        }
        return out.append(choice.finish().text()).toString();
    }

    @Test
    void charactersComeWhole() {
        assertThat(pieces(new ChoiceText(tokenizer, List.of(), false, Set.of()), "aé世\uD83D\uDE00"))
                .isEqualTo("a|é|世|\uD83D\uDE00|");
    }

    @Test
    void anUnfinishedCharacterIsReplacedAtTheEnd() {
        ChoiceText choice = new ChoiceText(tokenizer, List.of(), false, Set.of());
        choice.append(new GeneratedToken(0xE4, -1f, List.of()));
        assertThat(choice.finish().text()).isEqualTo("\uFFFD");
    }

    @Test
    void stopSequencesAcrossTokensAreNeverSent() {
        assertThat(pieces(new ChoiceText(tokenizer, List.of("STOP"), false, Set.of()), "go STOP on"))
                .isEqualTo("g|o| |stopped");
        assertThat(pieces(new ChoiceText(tokenizer, List.of("STOP"), false, Set.of()), "go STO"))
                .isEqualTo("g|o| |STO");
    }

    @Test
    void nothingComesBehindAStop() {
        ChoiceText choice = new ChoiceText(tokenizer, List.of("a"), false, Set.of());
        assertThat(choice.append(new GeneratedToken('a', -1f, List.of())).stopped())
                .isTrue();
        ChoiceText.Piece rest = choice.finish();
        assertThat(rest.isEmpty()).isTrue();
        assertThat(rest.stopped()).isTrue();
    }

    /** Control tokens that a format of calls is made of are read, others stay hidden. */
    @Test
    void someControlTokensAreShown() {
        LetterTokenizer letters = new LetterTokenizer();
        ChoiceText choice = new ChoiceText(letters, List.of(), false, Set.of("<u>"));
        StringBuilder text = new StringBuilder();
        for (int id : letters.encode("x<u>y<a>z", Tokenizer.SpecialTokens.PARSE)) {
            text.append(choice.append(new GeneratedToken(id, -1f, List.of())).text());
        }
        assertThat(text).hasToString("x<u>yz");
    }

    @Test
    void logprobsWaitForTheirText() {
        ChoiceText choice = new ChoiceText(tokenizer, List.of("xy"), true, Set.of());
        assertThat(choice.append(new GeneratedToken('x', -1f, List.of())).tokens())
                .as("may be part of a stop")
                .isEmpty();
        ChoiceText.Piece piece = choice.append(new GeneratedToken('z', -2f, List.of()));
        assertThat(piece.text()).isEqualTo("xz");
        assertThat(piece.tokens())
                .extracting(GenerationEvent.TokenDetail::logprob)
                .containsExactly(-1f, -2f);
        choice.append(new GeneratedToken('x', -3f, List.of()));
        ChoiceText.Piece stopped = choice.append(new GeneratedToken('y', -4f, List.of()));
        assertThat(stopped.stopped()).isTrue();
        assertThat(stopped.tokens()).as("cut off with their text").isEmpty();
    }
}
