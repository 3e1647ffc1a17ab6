package dev.contexture.bench;

import java.util.List;

/**
 * One row of the table.
 *
 * @param target least wanted ratio to the baseline
 * @param tokens that a run handles: its rate is tokens over seconds
 */
record Workload(String name, double target, int tokens, Run run) {
    interface Run {
        double seconds(Contender contender);
    }

    static Workload prefill(int tokens, double target) {
        return new Workload("prefill of " + tokens, target, tokens, contender -> contender.prefillSeconds(tokens));
    }

    static Workload decode(int sequences, int context, int steps, double target) {
        String name = (sequences == 1 ? "decode" : sequences + " sequences") + " at " + context;
        return new Workload(
                name, target, sequences * steps, contender -> contender.decodeSeconds(sequences, context, steps));
    }

    static List<Workload> all() {
        return List.of(
                decode(1, 100, 48, 1.1),
                decode(1, 2000, 48, 1.3),
                decode(1, 4000, 48, 1.3),
                prefill(512, 2.0),
                prefill(4000, 2.0),
                decode(8, 100, 24, 2.0),
                decode(8, 1000, 24, 2.0));
    }
}
