package dev.contexture.bench;

import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.model.store.ModelSources;
import dev.contexture.model.tokenizer.DjlTokenizer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Messages of so many tokens, out of evaluation texts. */
final class SessionTexts implements AutoCloseable {
    private final DjlTokenizer tokenizer;
    private final BenchTexts texts;

    SessionTexts(Options options, ModelFiles model) throws IOException, InterruptedException {
        try (ModelSource source = ModelSources.open(model)) {
            this.tokenizer = DjlTokenizer.of(source.tokenizer());
        }
        this.texts = BenchTexts.open(options, tokenizer);
    }

    JsonNode provenance() {
        return texts.provenance();
    }

    /** The number-th message: of a kind in turns, from a text's beginning on. */
    String message(int number, int tokens) throws IOException {
        List<String> kinds = List.of(BenchTexts.KINDS.split(","));
        String kind = kinds.get(number % kinds.size());
        int ofKind = number / kinds.size();
        int[] ids = texts.of(kind, ofKind + 1, tokens).get(ofKind).tokens();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int id : ids) {
            bytes.writeBytes(tokenizer.tokenBytes(id));
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
