package dev.contexture.bench;

import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.model.tokenizer.Tokenizer.SpecialTokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Texts that neither a training nor a choice of settings has seen, by kind; made by make_texts.py where they are missing. */
final class BenchTexts {
    static final String KINDS = "prose,code,dialogue,table";
    private static final Path MAKER = Path.of("src", "bench", "python", "make_texts.py");

    private final Path folder;
    private final Tokenizer tokenizer;
    private final JsonNode provenance;

    /** One text, cut to a whole number of tokens. */
    @SuppressWarnings("ArrayRecordComponent")
    record Text(String kind, int number, int[] tokens) {
        int[] from(int begin, int end) {
            return Arrays.copyOfRange(tokens, begin, end);
        }
    }

    private BenchTexts(Path folder, Tokenizer tokenizer, JsonNode provenance) {
        this.folder = folder;
        this.tokenizer = tokenizer;
        this.provenance = provenance;
    }

    static BenchTexts open(Options options, Tokenizer tokenizer) throws IOException, InterruptedException {
        Path folder = options.path("data", "target/bench-data");
        Path provenance = folder.resolve("provenance.json");
        if (!Files.exists(provenance)) {
            make(folder);
        }
        return new BenchTexts(folder, tokenizer, JsonMapper.shared().readTree(Files.readString(provenance)));
    }

    private static void make(Path folder) throws IOException, InterruptedException {
        List<String> command = List.of("python3", MAKER.toString(), folder.toString());
        System.out.println("There are no texts in " + folder + " yet: " + String.join(" ", command));
        int status = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (status != 0) {
            throw new IllegalStateException(MAKER + " failed with " + status
                    + ": it needs python3, apt-get and dpkg-deb, and the packages of src/train/texts.json; or make the"
                    + " texts elsewhere and name their folder in bench.data");
        }
    }

    /** Where the texts come from, for results. */
    JsonNode provenance() {
        return provenance;
    }

    /**
     * The first {@code most} texts of a kind, each cut to {@code tokens} tokens.
     *
     * @throws IllegalStateException if one of them is shorter
     */
    List<Text> of(String kind, int most, int tokens) throws IOException {
        List<Path> files;
        try (Stream<Path> listed = Files.list(folder.resolve(kind))) {
            files = listed.sorted().limit(most).toList();
        }
        List<Text> texts = new ArrayList<>();
        for (Path file : files) {
            int[] all = tokenizer.encode(Files.readString(file), SpecialTokens.PARSE);
            if (all.length < tokens) {
                throw new IllegalStateException(file + " has " + all.length + " tokens, but " + tokens
                        + " are wanted: make longer texts (" + MAKER + " --chars)");
            }
            texts.add(new Text(kind, texts.size(), Arrays.copyOf(all, tokens)));
        }
        return texts;
    }

    /** Of several kinds in turns, so that a run that is ended early has all of them. */
    List<Text> inTurns(List<String> kinds, int most, int tokens) throws IOException {
        List<List<Text>> ofKinds = new ArrayList<>();
        for (String kind : kinds) {
            ofKinds.add(of(kind, most, tokens));
        }
        List<Text> texts = new ArrayList<>();
        for (int number = 0; number < most; number++) {
            for (List<Text> some : ofKinds) {
                if (number < some.size()) {
                    texts.add(some.get(number));
                }
            }
        }
        return texts;
    }
}
