package dev.contexture.split;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * How often blocks have each length.
 *
 * @param shortest the length that {@code counts} begins with
 * @param counts of the lengths from the shortest on
 */
public record LengthDistribution(int shortest, List<Long> counts) {
    public LengthDistribution {
        counts = List.copyOf(counts);
        if (shortest < 1) {
            throw new IllegalArgumentException("the shortest block must have a token but has " + shortest);
        }
        if (counts.stream().anyMatch(count -> count < 0)) {
            throw new IllegalArgumentException("counts must not be negative but are " + counts);
        }
        if (counts.stream().allMatch(count -> count == 0)) {
            throw new IllegalArgumentException("a distribution needs at least one block");
        }
    }

    /** Every length of the range is as frequent. */
    public static LengthDistribution uniform(int shortest, int longest) {
        return of(IntStream.rangeClosed(shortest, longest).toArray());
    }

    /** Of blocks of these lengths. */
    public static LengthDistribution of(int[] lengths) {
        int shortest = IntStream.of(lengths).min().orElse(1);
        int longest = IntStream.of(lengths).max().orElse(1);
        long[] counts = new long[longest - shortest + 1];
        for (int length : lengths) {
            counts[length - shortest]++;
        }
        return new LengthDistribution(
                shortest,
                IntStream.range(0, counts.length).mapToObj(i -> counts[i]).collect(Collectors.toList()));
    }

    /**
     * @param bits evenly distributed over all values of a long
     */
    int draw(long bits) {
        long total = counts.stream().mapToLong(Long::longValue).sum();
        long left = Math.unsignedMultiplyHigh(bits, total);
        int index = 0;
        while (left >= counts.get(index)) {
            left -= counts.get(index);
            index++;
        }
        return shortest + index;
    }
}
