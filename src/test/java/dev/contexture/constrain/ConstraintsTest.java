package dev.contexture.constrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.constrain.schema.UnsupportedSchemaException;
import dev.contexture.testing.ByteTokens;
import dev.contexture.testing.MaskWalk;
import dev.contexture.testing.RandomSchemas;
import dev.contexture.testing.SchemaJudge;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ConstraintsTest {
    private static final String NUMBER = "{\"type\":\"integer\",\"minimum\":0,\"maximum\":99}";

    private final ByteTokens tokens = new ByteTokens();
    private final Constraints constraints = new Constraints(tokens, Runnable::run, () -> 0);

    @Test
    void anyObject() {
        Constraint constraint = constraints.compile(new ConstraintSpec.AnyObject());
        SchemaJudge judge = new SchemaJudge("{\"type\":\"object\"}");
        for (int seed = 0; seed < 200; seed++) {
            String text = new MaskWalk(tokens, seed, seed).text(constraint);
            assertThat(judge.fault(text)).as(text).isEmpty();
        }
    }

    @Test
    void piecesWithinFixedText() {
        ConstraintSpec.Piece add = new ConstraintSpec.Piece("add", "<call>add(", NUMBER, ")</call>");
        ConstraintSpec.Piece stop = new ConstraintSpec.Piece("stop", "<call>stop(", "{\"type\":\"null\"}", ")</call>");
        Constraint one = constraints.compile(new ConstraintSpec.Pieces(List.of(add, stop), "\n", 1));
        Constraint three = constraints.compile(new ConstraintSpec.Pieces(List.of(add, stop), "\n", 3));
        String call = "<call>(add\\([0-9]{1,2}\\)|stop\\(null\\))</call>";
        boolean several = false;
        for (int seed = 0; seed < 100; seed++) {
            assertThat(new MaskWalk(tokens, seed, 100).text(one)).matches(call);
            String text = new MaskWalk(tokens, seed, 100).text(three);
            assertThat(text).matches(call + "(\n" + call + "){0,2}");
            several |= text.contains("\n");
        }
        assertThat(several).isTrue();
        ConstraintSpec.Piece wrong = new ConstraintSpec.Piece("mul", "", "{\"not\":{}}", "");
        assertThatThrownBy(() -> constraints.compile(new ConstraintSpec.Pieces(List.of(wrong), "", 1)))
                .isInstanceOf(UnsupportedSchemaException.class)
                .hasMessageStartingWith("mul#/not: ");
    }

    @Test
    void theSameSchemaIsCompiledOnce() {
        Constraint first = constraints.compile(new ConstraintSpec.Schema(NUMBER));
        assertThat(constraints.compile(new ConstraintSpec.Schema(NUMBER))).isSameAs(first);
        assertThat(constraints.stats()).isEqualTo(new ConstraintStats(0, 0, 0, 1, 1));
        for (int i = 0; i < Constraints.MOST_KEPT; i++) {
            constraints.compile(new ConstraintSpec.Schema("{\"const\":" + i + "}"));
        }
        assertThat(constraints.compile(new ConstraintSpec.Schema(NUMBER)))
                .as("the oldest was forgotten")
                .isNotSameAs(first);
    }

    @Test
    void masksAreReadyBeforeTheyAreAskedFor() {
        List<Runnable> tasks = new ArrayList<>();
        Constraints later = new Constraints(tokens, tasks::add, () -> 0);
        TokenConstraint text = later.compile(new ConstraintSpec.Schema(NUMBER)).begin();
        assertThat(tasks).as("work begins with the text").hasSize(1);
        tasks.removeFirst().run();
        assertThat(text.mask().tokens().toArray()).contains('0', '9').doesNotContain('-', tokens.end());
        text.accept('7');
        assertThat(tasks).as("and goes on with each token").hasSize(1);
        tasks.removeFirst().run();
        assertThat(text.mask().allows(tokens.end())).isTrue();
    }

    @Test
    void textsOfOneConstraintAreApart() {
        TokenConstraint first =
                constraints.compile(new ConstraintSpec.Schema(NUMBER)).begin();
        TokenConstraint second =
                constraints.compile(new ConstraintSpec.Schema(NUMBER)).begin();
        first.accept('4');
        assertThat(first.mask().allows(tokens.end())).isTrue();
        assertThat(second.mask().allows(tokens.end())).isFalse();
    }

    @Test
    void manyTextsAtOnceOnSeveralThreads() throws Exception {
        try (ExecutorService workers = Executors.newFixedThreadPool(3);
                ExecutorService callers = Executors.newFixedThreadPool(4)) {
            Constraints shared = new Constraints(tokens, workers, System::nanoTime);
            List<Future<String>> texts = new ArrayList<>();
            String schema = RandomSchemas.of(4);
            IntStream.range(0, 60)
                    .forEach(seed -> texts.add(callers.submit(() ->
                            new MaskWalk(tokens, seed, 50).text(shared.compile(new ConstraintSpec.Schema(schema))))));
            SchemaJudge judge = new SchemaJudge(schema);
            for (Future<String> text : texts) {
                assertThat(judge.fault(text.get())).as(text.get()).isEmpty();
            }
            assertThat(shared.stats().masks()).isPositive();
            assertThat(shared.stats().workNanos()).isPositive();
        }
    }
}
