package dev.contexture.constrain;

import dev.contexture.constrain.grammar.State;
import dev.contexture.constrain.mask.GrammarMasks;
import dev.contexture.constrain.mask.TokenMask;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/** What texts must be, compiled for a vocabulary. Safe for use by several threads. */
public final class Constraint {
    private final GrammarMasks grammar;
    private final Executor workers;
    private final Costs costs;

    Constraint(GrammarMasks grammar, Executor workers, Costs costs) {
        this.grammar = grammar;
        this.workers = workers;
        this.costs = costs;
    }

    /** Of a new text; its first mask is worked out from now on. */
    public TokenConstraint begin() {
        return new Text();
    }

    private record Place(State state, TokenMask mask) {}

    private final class Text implements TokenConstraint {
        private CompletableFuture<Place> place =
                CompletableFuture.supplyAsync(() -> costs.work(() -> at(grammar.start())), workers);

        private Place at(State state) {
            return new Place(state, grammar.mask(state));
        }

        @Override
        public TokenMask mask() {
            return costs.wait(() -> join(place)).mask();
        }

        @Override
        public void accept(int token) {
            place = place.thenApplyAsync(before -> costs.work(() -> at(grammar.next(before.state, token))), workers);
        }

        private static Place join(CompletableFuture<Place> place) {
            try {
                return place.join();
            } catch (CompletionException e) {
                throw new IllegalStateException("the next tokens cannot be told: " + e.getCause(), e);
            }
        }
    }
}
