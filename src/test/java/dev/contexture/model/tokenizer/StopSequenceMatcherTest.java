package dev.contexture.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stop sequences across pieces, against a search in the whole text. */
class StopSequenceMatcherTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void findsWhatASearchInTheWholeTextFinds(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 3000; round++) {
            String text = word(random, 30);
            List<String> stops = new ArrayList<>();
            for (int i = random.nextInt(4); i > 0; i--) {
                stops.add(word(random, 4) + "a");
            }
            StopSequenceMatcher matcher = new StopSequenceMatcher(stops);
            StringBuilder out = new StringBuilder();
            boolean stopped = false;
            for (int at = 0; at < text.length() && !stopped; ) {
                int end = Math.min(text.length(), at + 1 + random.nextInt(5));
                StopSequenceMatcher.Result result = matcher.append(text.substring(at, end));
                out.append(result.text());
                stopped = result.stopped();
                at = end;
            }
            if (!stopped) {
                out.append(matcher.flush());
            }
            // A stop may be completed by a later piece although another one begins earlier and ends later.
            int earliestEnd = stops.stream()
                    .mapToInt(stop -> text.indexOf(stop) < 0 ? Integer.MAX_VALUE : text.indexOf(stop) + stop.length())
                    .min()
                    .orElse(Integer.MAX_VALUE);
            assertThat(stopped).as("%s in %s", stops, text).isEqualTo(earliestEnd < Integer.MAX_VALUE);
            assertThat(text).startsWith(out);
            if (stopped) {
                assertThat(stops).anyMatch(stop -> text.startsWith(stop, out.length()));
                assertThat(stops).noneMatch(stop -> out.indexOf(stop) >= 0);
            } else {
                assertThat(out).hasToString(text);
            }
        }
    }

    private static String word(Random random, int length) {
        StringBuilder word = new StringBuilder();
        for (int i = random.nextInt(length + 1); i > 0; i--) {
            word.append((char) ('a' + random.nextInt(2)));
        }
        return word.toString();
    }

    @Test
    void textIsHeldBackOnlyWhileItMayBeAStop() {
        StopSequenceMatcher matcher = new StopSequenceMatcher(List.of("###END"));
        assertThat(matcher.append("hello #").text()).isEqualTo("hello ");
        assertThat(matcher.append("##").text()).isEmpty();
        assertThat(matcher.append("x").text()).isEqualTo("###x");
        assertThat(matcher.append("##").text()).isEmpty();
        assertThat(matcher.append("#END of").stopped()).isTrue();
    }

    @Test
    void theStopThatComesFirstIsNamed() {
        StopSequenceMatcher matcher = new StopSequenceMatcher(List.of("c", "b", "bc"));
        assertThat(matcher.append("a").stop()).isEmpty();
        assertThat(matcher.append("bcd").stop()).contains("b");
    }

    @Test
    void anEmptyStopIsRefused() {
        assertThatThrownBy(() -> new StopSequenceMatcher(List.of(""))).isInstanceOf(IllegalArgumentException.class);
    }
}
