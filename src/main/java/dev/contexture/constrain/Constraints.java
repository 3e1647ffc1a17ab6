package dev.contexture.constrain;

import dev.contexture.constrain.automaton.LiteralDfa;
import dev.contexture.constrain.grammar.Item;
import dev.contexture.constrain.mask.GrammarMasks;
import dev.contexture.constrain.mask.TokenVocabulary;
import dev.contexture.constrain.schema.SchemaCompiler;
import dev.contexture.constrain.schema.UnsupportedSchemaException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Compiles constraints for one tokenizer and keeps those that were used last. Safe for use by several threads. */
public final class Constraints {
    /** Compiled constraints that are kept. */
    static final int MOST_KEPT = 32;

    private static final String ANY_OBJECT = "{\"type\": \"object\"}";

    private final TokenVocabulary.Tokens tokens;
    private final Executor workers;
    private final Costs costs;
    private final Map<ConstraintSpec, Constraint> kept = new LinkedHashMap<>(16, 0.75f, true);
    private final LongAdder compiled = new LongAdder();
    private final LongAdder reused = new LongAdder();
    private @Nullable TokenVocabulary vocabulary;

    /**
     * @param workers work out masks; each running text has at most one task with them
     * @param nanos a clock
     */
    public Constraints(TokenVocabulary.Tokens tokens, Executor workers, LongSupplier nanos) {
        this.tokens = tokens;
        this.workers = workers;
        this.costs = new Costs(nanos);
    }

    /**
     * @throws UnsupportedSchemaException if the schema cannot be held; the message names keyword and path and says what to do
     */
    public Constraint compile(ConstraintSpec spec) {
        synchronized (kept) {
            Constraint known = kept.get(spec);
            if (known != null) {
                reused.increment();
                return known;
            }
        }
        Constraint constraint = new Constraint(new GrammarMasks(grammar(spec), vocabulary()), workers, costs);
        compiled.increment();
        synchronized (kept) {
            kept.put(spec, constraint);
            if (kept.size() > MOST_KEPT) {
                kept.remove(kept.keySet().iterator().next());
            }
        }
        return constraint;
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

    private static Item grammar(ConstraintSpec spec) {
        return switch (spec) {
            case ConstraintSpec.AnyObject any -> SchemaCompiler.compile(ANY_OBJECT, "#");
            case ConstraintSpec.Schema schema -> SchemaCompiler.compile(schema.json(), "#");
            case ConstraintSpec.Pieces pieces -> grammar(pieces);
        };
    }

    private static Item grammar(ConstraintSpec.Pieces pieces) {
        List<Item> options = new ArrayList<>();
        for (ConstraintSpec.Piece piece : pieces.pieces()) {
            Item value = SchemaCompiler.compile(piece.schema(), piece.name() + "#");
            options.add(new Item.Sequence(List.of(literal(piece.before()), value, literal(piece.after()))));
        }
        Item one = new Item.Choice(options);
        Item rest = new Item.Sequence(List.of());
        for (int i = 1; i < pieces.most(); i++) {
            rest = new Item.Choice(List.of(
                    new Item.Sequence(List.of()), new Item.Sequence(List.of(literal(pieces.separator()), one, rest))));
        }
        return new Item.Sequence(List.of(one, rest));
    }

    private static Item literal(String text) {
        return new Item.Lexeme(new LiteralDfa(text));
    }

    public ConstraintStats stats() {
        return costs.stats(compiled.sum(), reused.sum());
    }
}
