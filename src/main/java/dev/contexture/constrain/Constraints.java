package dev.contexture.constrain;

import dev.contexture.constrain.automaton.LiteralDfa;
import dev.contexture.constrain.automaton.TableDfa;
import dev.contexture.constrain.automaton.UntilDfa;
import dev.contexture.constrain.automaton.Work;
import dev.contexture.constrain.grammar.Item;
import dev.contexture.constrain.mask.GrammarMasks;
import dev.contexture.constrain.mask.TokenVocabulary;
import dev.contexture.constrain.schema.SchemaCompiler;
import dev.contexture.constrain.schema.UnsupportedSchemaException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Compiles constraints for one tokenizer and keeps those that were used last. Safe for use by several threads. */
public final class Constraints {
    /** Compiled constraints that are kept. */
    static final int MOST_KEPT = 32;

    /** Memory of those and of their masks, about. */
    private static final long MOST_KEPT_BYTES = 128L << 20;

    private static final Logger LOG = LoggerFactory.getLogger(Constraints.class);

    private static final String ANY_OBJECT = "{\"type\": \"object\"}";

    /** White space between a thought and what comes behind it. */
    private static final Item BEHIND_THOUGHT = new Item.Lexeme(TableDfa.ofTexts(
            Stream.of("", " ", "\n", "\n\n")
                    .map(text -> text.getBytes(StandardCharsets.UTF_8))
                    .toList(),
            new Work()));

    private final TokenVocabulary.Tokens tokens;
    private final Executor workers;
    private final Costs costs;
    private final long mostBytes;
    private final Map<ConstraintSpec, CompletableFuture<Constraint>> kept = new LinkedHashMap<>(16, 0.75f, true);
    private final LongAdder compiled = new LongAdder();
    private final LongAdder reused = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private @Nullable TokenVocabulary vocabulary;

    /**
     * @param workers work out masks; each running text has at most one task with them
     * @param nanos a clock
     */
    public Constraints(TokenVocabulary.Tokens tokens, Executor workers, LongSupplier nanos) {
        this(tokens, workers, nanos, MOST_KEPT_BYTES);
    }

    /**
     * @param mostBytes that are kept
     */
    Constraints(TokenVocabulary.Tokens tokens, Executor workers, LongSupplier nanos, long mostBytes) {
        this.mostBytes = mostBytes;
        this.tokens = tokens;
        this.workers = workers;
        this.costs = new Costs(nanos);
    }

    /**
     * Waits where another thread compiles the same.
     *
     * @throws UnsupportedSchemaException if the schema cannot be held; the message names keyword and path and says what to do
     * @throws CancellationException if the thread was interrupted
     */
    public Constraint compile(ConstraintSpec spec) {
        while (true) {
            CompletableFuture<Constraint> mine = new CompletableFuture<>();
            CompletableFuture<Constraint> theirs;
            synchronized (kept) {
                theirs = kept.putIfAbsent(spec, mine);
            }
            if (theirs == null) {
                return made(spec, mine);
            }
            try {
                Constraint known = theirs.get();
                reused.increment();
                return known;
            } catch (CancellationException e) {
                LOG.debug("Compiled again: who compiled it was interrupted");
            } catch (ExecutionException e) {
                refused.increment();
                throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("waiting for a schema to be compiled was interrupted");
            }
        }
    }

    private Constraint made(ConstraintSpec spec, CompletableFuture<Constraint> future) {
        try {
            TokenVocabulary known = vocabulary();
            Constraint constraint =
                    new Constraint(new GrammarMasks(grammar(spec, known, new Work()), known), workers, costs);
            compiled.increment();
            future.complete(constraint);
            forgetOldest();
            return constraint;
        } catch (RuntimeException | Error e) {
            synchronized (kept) {
                kept.remove(spec, future);
            }
            if (e instanceof UnsupportedSchemaException) {
                refused.increment();
            }
            future.completeExceptionally(e);
            throw e;
        }
    }

    private void forgetOldest() {
        synchronized (kept) {
            Iterator<Map.Entry<ConstraintSpec, CompletableFuture<Constraint>>> oldest =
                    kept.entrySet().iterator();
            long bytes = keptBytes();
            while (kept.size() > 1 && (kept.size() > MOST_KEPT || bytes > mostBytes)) {
                bytes -= bytes(oldest.next());
                oldest.remove();
            }
        }
    }

    private long keptBytes() {
        return kept.entrySet().stream().mapToLong(Constraints::bytes).sum();
    }

    /** Of what is being compiled nothing is known yet. */
    private static long bytes(Map.Entry<ConstraintSpec, CompletableFuture<Constraint>> entry) {
        CompletableFuture<Constraint> made = entry.getValue();
        return made.state() == Future.State.SUCCESS
                ? entry.getKey().characters() * Character.BYTES
                        + made.resultNow().bytes()
                : 0;
    }

    private synchronized TokenVocabulary vocabulary() {
        if (vocabulary == null) {
            try {
                vocabulary = new TokenVocabulary(tokens);
            } catch (IllegalArgumentException e) {
                throw new UnsupportedSchemaException("#", "this model cannot be held to a format: " + e.getMessage());
            }
        }
        return vocabulary;
    }

    private static Item grammar(ConstraintSpec spec, TokenVocabulary vocabulary, Work work) {
        return switch (spec) {
            case ConstraintSpec.AnyObject any -> SchemaCompiler.compile(ANY_OBJECT, "#", work);
            case ConstraintSpec.Schema schema -> SchemaCompiler.compile(schema.json(), "#", work);
            case ConstraintSpec.Pieces pieces -> grammar(pieces, vocabulary, work);
            case ConstraintSpec.Either either ->
                new Item.Choice(either.options().stream()
                        .map(option -> grammar(option, vocabulary, work))
                        .toList());
            case ConstraintSpec.AfterThought thinking -> grammar(thinking, vocabulary, work);
        };
    }

    private static Item grammar(ConstraintSpec.Pieces pieces, TokenVocabulary vocabulary, Work work) {
        List<Item> options = new ArrayList<>();
        for (ConstraintSpec.Piece piece : pieces.pieces()) {
            String place = piece.name() + "#";
            Item value = SchemaCompiler.compile(piece.schema(), place, work);
            options.add(new Item.Sequence(List.of(
                    literal(piece.before(), place, vocabulary), value, literal(piece.after(), place, vocabulary))));
        }
        Item separator = literal(pieces.separator(), "#", vocabulary);
        Item one = new Item.Choice(options);
        Item rest = new Item.Sequence(List.of());
        for (int i = 1; i < pieces.most(); i++) {
            rest = new Item.Choice(
                    List.of(new Item.Sequence(List.of()), new Item.Sequence(List.of(separator, one, rest))));
        }
        return new Item.Sequence(List.of(
                literal(pieces.before(), "#", vocabulary), one, rest, literal(pieces.after(), "#", vocabulary)));
    }

    private static Item grammar(ConstraintSpec.AfterThought thinking, TokenVocabulary vocabulary, Work work) {
        Item answer = grammar(thinking.answer(), vocabulary, work);
        Item thought = new Item.Sequence(List.of(
                new Item.Lexeme(new UntilDfa(spelled(thinking.close(), "#", vocabulary))), BEHIND_THOUGHT, answer));
        return thinking.isOpen()
                ? thought
                : new Item.Choice(List.of(
                        answer, new Item.Sequence(List.of(literal(thinking.open(), "#", vocabulary), thought))));
    }

    private static Item literal(String text, String place, TokenVocabulary vocabulary) {
        return new Item.Lexeme(new LiteralDfa(spelled(text, place, vocabulary)));
    }

    private static byte[] spelled(String text, String place, TokenVocabulary vocabulary) {
        ByteBuffer bytes;
        try {
            bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
        } catch (CharacterCodingException e) {
            throw new UnsupportedSchemaException(place, "the text around a value has half a surrogate pair");
        }
        byte[] encoded = new byte[bytes.remaining()];
        bytes.get(encoded);
        if (!vocabulary.spells(encoded)) {
            throw new UnsupportedSchemaException(
                    place, "the text around a value has a character that the model's tokens cannot spell");
        }
        return encoded;
    }

    public ConstraintStats stats() {
        long bytes;
        synchronized (kept) {
            bytes = keptBytes();
        }
        return costs.stats(compiled.sum(), reused.sum(), refused.sum(), bytes);
    }
}
