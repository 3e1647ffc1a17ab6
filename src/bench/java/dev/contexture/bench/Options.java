package dev.contexture.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Settings of a run, the system properties {@code bench.*}; remembers what was asked for, so that results can say it. */
final class Options {
    private final SortedMap<String, String> asked = new TreeMap<>();

    /** An empty property counts as absent. */
    String text(String name, String otherwise) {
        String given = System.getProperty("bench." + name, "");
        String value = given.isBlank() ? otherwise : given;
        asked.put(name, value);
        return value;
    }

    int number(String name, int otherwise) {
        return Integer.parseInt(text(name, Integer.toString(otherwise)));
    }

    /** Separated by commas. */
    List<String> texts(String name, String otherwise) {
        return Arrays.stream(text(name, otherwise).split(","))
                .map(String::strip)
                .toList();
    }

    List<Integer> numbers(String name, String otherwise) {
        return texts(name, otherwise).stream().map(Integer::valueOf).toList();
    }

    Path path(String name, String otherwise) {
        return Path.of(text(name, otherwise));
    }

    /** One per processor where nothing, or 0, is asked for. */
    int threads() {
        int threads = number("threads", 0);
        return threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
    }

    SortedMap<String, String> asked() {
        return new TreeMap<>(asked);
    }
}
