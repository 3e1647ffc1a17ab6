package dev.contexture.split;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** A vocabulary that grows with the texts that it has read: a token per word, number, sign or stretch of white space. */
final class Pieces {
    private static final Pattern PIECE =
            Pattern.compile("<\\|[a-z_]+\\|>| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}<]+|<|\\s+(?!\\S)|\\s+");

    private final List<String> texts = new ArrayList<>();

    int[] encode(String text) {
        return PIECE.matcher(text)
                .results()
                .map(MatchResult::group)
                .mapToInt(this::id)
                .toArray();
    }

    private int id(String piece) {
        int id = texts.indexOf(piece);
        if (id < 0) {
            id = texts.size();
            texts.add(piece);
        }
        return id;
    }

    TokenClasses classes() {
        return classes(texts);
    }

    static TokenClasses classes(List<String> texts) {
        return TokenClasses.of(
                texts.size(),
                id -> texts.get(id).startsWith("<|"),
                id -> texts.get(id).getBytes(StandardCharsets.UTF_8));
    }
}
