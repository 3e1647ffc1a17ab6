package dev.contexture.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One workload, run by contenders in turns so that all of them meet the same machine.
 *
 * @param tokensPerSecond [contender][repeat]
 */
@SuppressWarnings("ArrayRecordComponent")
record Rates(Workload workload, List<Contender> contenders, double[][] tokensPerSecond) {
    /** Hears of a run that was just measured. */
    interface Listener {
        void measured(Contender contender, double seconds);
    }

    /** Measures, after a round that warms up, and prints. */
    static Rates measure(Workload workload, List<Contender> contenders, int repeats, Listener listener) {
        double[][] rates = new double[contenders.size()][repeats];
        for (int repeat = -1; repeat < repeats; repeat++) {
            for (int c = 0; c < contenders.size(); c++) {
                double seconds = workload.run().seconds(contenders.get(c));
                if (repeat >= 0) {
                    rates[c][repeat] = workload.tokens() / seconds;
                    listener.measured(contenders.get(c), seconds);
                }
            }
        }
        Rates found = new Rates(workload, List.copyOf(contenders), rates);
        found.print();
        return found;
    }

    double median(int contender) {
        return Statistics.median(tokensPerSecond[contender]);
    }

    /** How much faster one is than another, by their medians. */
    double ratio(int contender, int other) {
        return median(contender) / median(other);
    }

    Map<String, Object> row() {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("workload", workload.name());
        for (int c = 0; c < tokensPerSecond.length; c++) {
            row.put(
                    contenders.get(c).name(),
                    Map.of(
                            "tokens_per_second",
                            median(c),
                            "least",
                            Statistics.quantile(tokensPerSecond[c], 0),
                            "most",
                            Statistics.quantile(tokensPerSecond[c], 1)));
        }
        return row;
    }

    private void print() {
        for (int c = 0; c < tokensPerSecond.length; c++) {
            System.out.printf(
                    Locale.ROOT,
                    "%-22s %-32s %8.1f tok/s  (%.1f to %.1f)%n",
                    workload.name(),
                    contenders.get(c).name(),
                    median(c),
                    Statistics.quantile(tokensPerSecond[c], 0),
                    Statistics.quantile(tokensPerSecond[c], 1));
        }
    }

    /** Prints a number beside what it should be. */
    static void say(String what, double value, String sign, double target) {
        boolean reached = sign.equals("≤") ? value <= target : value >= target;
        System.out.printf(
                Locale.ROOT,
                "%-22s %.2f, target %s %.2f: %s%n",
                what,
                value,
                sign,
                target,
                reached ? "reached" : "missed");
    }
}
