package dev.contexture.constrain;

import dev.contexture.constrain.grammar.State;
import dev.contexture.constrain.mask.GrammarMasks;
import dev.contexture.constrain.mask.TokenMask;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** What texts must be, compiled for a vocabulary. Safe for use by several threads. */
public final class Constraint {
    /** A mask must be known so long after the token before it was drawn: all sequences of a step wait for it. */
    public static final Duration MOST_WAIT = Duration.ofSeconds(5);

    private final GrammarMasks grammar;
    private final Executor workers;
    private final Costs costs;

    Constraint(GrammarMasks grammar, Executor workers, Costs costs) {
        this.grammar = grammar;
        this.workers = workers;
        this.costs = costs;
    }

    /** Memory that is taken, about. */
    long bytes() {
        return grammar.bytes();
    }

    /** Of a new text; its first mask is worked out from now on. */
    public TokenConstraint begin() {
        return new Text();
    }

    private record Place(State state, TokenMask mask) {}

    private final class Text implements TokenConstraint {
        private long asked = costs.nanos();
        private CompletableFuture<Place> place =
                CompletableFuture.supplyAsync(() -> costs.work(() -> at(grammar.start())), workers);

        private Place at(State state) {
            return new Place(state, grammar.mask(state));
        }

        @Override
        public TokenMask mask() {
            return costs.wait(this::waited).mask();
        }

        @Override
        public void accept(int token) {
            asked = costs.nanos();
            place = place.thenApplyAsync(before -> costs.work(() -> at(grammar.next(before.state, token))), workers);
        }

        private static String reason(@Nullable Throwable cause) {
            return cause == null || cause.getMessage() == null ? String.valueOf(cause) : cause.getMessage();
        }

        private Place waited() {
            long left = MOST_WAIT.toNanos() - (costs.nanos() - asked);
            try {
                return place.get(Math.max(0, left), TimeUnit.NANOSECONDS);
            } catch (TimeoutException e) {
                throw new MaskFailedException("the next tokens were not known within " + MOST_WAIT.toSeconds()
                        + " s; a simpler schema, or fewer requests at once, would help");
            } catch (ExecutionException e) {
                throw new MaskFailedException("the next tokens cannot be told: " + reason(e.getCause()), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new MaskFailedException("waiting for the next tokens was interrupted", e);
            }
        }
    }
}
