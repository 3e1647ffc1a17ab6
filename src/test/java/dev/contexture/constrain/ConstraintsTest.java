package dev.contexture.constrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.constrain.mask.TokenVocabulary;
import dev.contexture.constrain.schema.UnsupportedSchemaException;
import dev.contexture.testing.ByteTokens;
import dev.contexture.testing.MaskWalk;
import dev.contexture.testing.RandomSchemas;
import dev.contexture.testing.SchemaJudge;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
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

    private boolean allows(ConstraintSpec spec, String text) {
        TokenConstraint held = constraints.compile(spec).begin();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            int token = Byte.toUnsignedInt(b);
            if (!held.mask().allows(token)) {
                return false;
            }
            held.accept(token);
        }
        return held.mask().allows(tokens.end());
    }

    @Test
    void textAroundAllPieces() {
        ConstraintSpec.Piece piece = new ConstraintSpec.Piece("a", "(", NUMBER, ")");
        ConstraintSpec list = new ConstraintSpec.Pieces("CALLS [", List.of(piece), ", ", "]", 2);
        assertThat(allows(list, "CALLS [(1)]")).isTrue();
        assertThat(allows(list, "CALLS [(1), (2)]")).isTrue();
        assertThat(allows(list, "CALLS [(1)")).isFalse();
        assertThat(allows(list, "CALLS []")).isFalse();
        assertThat(allows(list, "(1)")).isFalse();
        assertThat(allows(list, "CALLS [(1), (2), (3)]")).isFalse();
    }

    @Test
    void thoughtsAreFreeAndWhatFollowsIsNot() {
        ConstraintSpec number = new ConstraintSpec.Schema(NUMBER);
        ConstraintSpec closed = new ConstraintSpec.AfterThought("<t>", "</t>", false, number);
        ConstraintSpec open = new ConstraintSpec.AfterThought("<t>", "</t>", true, number);
        for (String thought : List.of("", "\n\"{ü <t> </ </t </ t>", "<<</</t", "7")) {
            for (String space : List.of("", " ", "\n", "\n\n")) {
                assertThat(allows(closed, "<t>" + thought + "</t>" + space + "7"))
                        .isTrue();
                assertThat(allows(open, thought + "</t>" + space + "7")).isTrue();
            }
            assertThat(allows(closed, "<t>" + thought)).isFalse();
            assertThat(allows(open, thought)).isFalse();
            assertThat(allows(open, thought + "</t>no")).isFalse();
            assertThat(allows(open, thought + "</t>7</t>7")).isFalse();
        }
        assertThat(allows(closed, "7")).isTrue();
        assertThat(allows(closed, "</t>7")).isFalse();
    }

    @Test
    void oneOfSeveral() {
        ConstraintSpec either = new ConstraintSpec.Either(List.of(
                new ConstraintSpec.Schema(NUMBER),
                new ConstraintSpec.Pieces(List.of(new ConstraintSpec.Piece("a", "7(", NUMBER, ")")), "", 1)));
        assertThat(allows(either, "7")).isTrue();
        assertThat(allows(either, "7(7)")).isTrue();
        assertThat(allows(either, "(7)")).isFalse();
        ConstraintSpec wrong = new ConstraintSpec.Either(
                List.of(new ConstraintSpec.AnyObject(), new ConstraintSpec.Schema("{\"not\":{}}")));
        assertThatThrownBy(() -> constraints.compile(wrong))
                .isInstanceOf(UnsupportedSchemaException.class)
                .hasMessageStartingWith("#/not: ");
    }

    @Test
    void theSameSchemaIsCompiledOnce() {
        Constraint first = constraints.compile(new ConstraintSpec.Schema(NUMBER));
        assertThat(constraints.compile(new ConstraintSpec.Schema(NUMBER))).isSameAs(first);
        assertThat(constraints.stats().compiled()).isEqualTo(1);
        assertThat(constraints.stats().reused()).isEqualTo(1);
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
    void aMaskThatIsLateIsAnErrorOfItsText() {
        AtomicLong now = new AtomicLong();
        List<Runnable> tasks = new ArrayList<>();
        Constraints late = new Constraints(tokens, tasks::add, now::get);
        TokenConstraint text = late.compile(new ConstraintSpec.Schema(NUMBER)).begin();
        now.addAndGet(Constraint.MOST_WAIT.toNanos());
        assertThatThrownBy(text::mask).isInstanceOf(MaskFailedException.class).hasMessageContaining("within 5 s");
        assertThat(late.stats().failed()).isEqualTo(1);
        tasks.removeFirst().run();
        assertThat(text.mask().allows('7')).as("it is there now").isTrue();
    }

    @Test
    void aMaskThatFailsSaysWhy() {
        TokenConstraint text =
                constraints.compile(new ConstraintSpec.Schema(NUMBER)).begin();
        text.accept('x');
        assertThatThrownBy(text::mask)
                .isInstanceOf(MaskFailedException.class)
                .hasMessageContaining("token 120 is not allowed here");
    }

    @Test
    void textAroundValuesMustBeSpelt() {
        for (String wrong : List.of("\r", "\u0001", "\uD83D", new String(Character.toChars(0x50000)))) {
            TokenVocabulary.Tokens usual = withoutControls();
            Constraints usualOnes = new Constraints(usual, Runnable::run, () -> 0);
            ConstraintSpec.Piece piece = new ConstraintSpec.Piece("add", "a", NUMBER, "b" + wrong);
            assertThatThrownBy(() -> usualOnes.compile(new ConstraintSpec.Pieces(List.of(piece), "", 1)))
                    .isInstanceOf(UnsupportedSchemaException.class)
                    .hasMessageStartingWith("add#: the text around a value");
        }
    }

    /** As most vocabularies are: each byte that texts need is a token, and no other. */
    private TokenVocabulary.Tokens withoutControls() {
        return new TokenVocabulary.Tokens() {
            @Override
            public int count() {
                return tokens.count();
            }

            @Override
            public byte[] bytes(int token) {
                boolean unused = token < 0x20 && token != '\n' && token != '\t' || token == 0xF1;
                return unused ? new byte[] {'a', 'b'} : tokens.bytes(token);
            }

            @Override
            public Set<Integer> ends() {
                return tokens.ends();
            }
        };
    }

    @Test
    void equalSchemasAtOnceAreCompiledOnce() throws Exception {
        String slow = "{\"type\":\"string\",\"pattern\":\"^(a|b)*a(a|b){11}$\"}";
        try (ExecutorService callers = Executors.newFixedThreadPool(8)) {
            List<Future<Constraint>> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                all.add(callers.submit(() -> constraints.compile(new ConstraintSpec.Schema(slow))));
            }
            for (Future<Constraint> one : all) {
                assertThat(one.get()).isSameAs(all.getFirst().get());
            }
        }
        assertThat(constraints.stats().compiled()).isEqualTo(1);
        assertThat(constraints.stats().reused()).isEqualTo(7);
    }

    @Test
    void whatIsRefusedIsCountedAndNotKept() {
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> constraints.compile(new ConstraintSpec.Schema("{\"not\":{}}")))
                    .isInstanceOf(UnsupportedSchemaException.class);
        }
        assertThat(constraints.stats().refused()).isEqualTo(2);
        assertThat(constraints.stats().keptBytes()).isZero();
    }

    @Test
    void whatIsKeptIsBoundedByMemory() {
        long most = 2L << 20;
        Constraints few = new Constraints(tokens, Runnable::run, () -> 0, most);
        for (int i = 0; i < 6; i++) {
            // some 800 KiB each
            few.compile(new ConstraintSpec.Schema("{\"type\":\"integer\",\"multipleOf\":" + (901 + 10 * i) + "}"));
            assertThat(few.stats().keptBytes()).isLessThanOrEqualTo(most);
        }
        assertThat(few.stats().keptBytes()).isGreaterThan(most / 4);
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
