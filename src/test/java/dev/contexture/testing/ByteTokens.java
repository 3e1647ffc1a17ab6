package dev.contexture.testing;

import dev.contexture.constrain.mask.TokenVocabulary;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** All bytes, each a token, then longer texts as they are in vocabularies, then the end. */
public final class ByteTokens implements TokenVocabulary.Tokens {
    private static final List<String> TEXTS = List.of(
            "{\"",
            "\":",
            "\": ",
            "\": \"",
            "\", \"",
            "\",\"",
            "\"}",
            "\"]",
            "\"}]",
            "},{\"",
            "}, {",
            "]}",
            "}}",
            "[{",
            "[\"",
            "[]",
            "{}",
            ",\n",
            "\n  ",
            "\n    ",
            "{\n  \"",
            "\",\n  \"",
            "null",
            "true",
            "false",
            "tr",
            "ue",
            "name",
            "na",
            "me\"",
            "value",
            "kind",
            "children\":[",
            "the",
            " the",
            " a",
            "12",
            "100",
            "2024",
            "-1",
            "0.5",
            ".25",
            "e+1",
            "\\n",
            "\\u00",
            "\\\"",
            "\"\\",
            "ü",
            "ö",
            "größe",
            "\u00a0",
            "\u0085",
            "\u2003",
            "\u2028",
            " €",
            "\uD83D\uDE00",
            "xyz",
            "foo",
            "bar",
            ".com",
            "@",
            "://",
            "red",
            "green",
            "on hold",
            "circle",
            "square",
            "  ",
            "        ",
            "\t\t",
            "T10:",
            ":00Z");

    private final List<byte[]> texts = new ArrayList<>();

    public ByteTokens() {
        for (int b = 0; b < 256; b++) {
            texts.add(new byte[] {(byte) b});
        }
        TEXTS.forEach(text -> texts.add(text.getBytes(StandardCharsets.UTF_8)));
        texts.add("\u00e9".getBytes(StandardCharsets.UTF_8));
        texts.add(new byte[] {(byte) 0x9F, (byte) 0x98}); // the middle of a character
        texts.add(new byte[0]);
    }

    public int end() {
        return texts.size() - 1;
    }

    @Override
    public int count() {
        return texts.size();
    }

    @Override
    public byte[] bytes(int token) {
        return texts.get(token);
    }

    @Override
    public Set<Integer> ends() {
        return Set.of(end());
    }
}
