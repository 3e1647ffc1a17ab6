package dev.contexture.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.golden.GoldenFile;
import dev.contexture.model.gguf.GgufModelSource;
import dev.contexture.model.tokenizer.Tokenizer.SpecialTokens;
import dev.contexture.testing.DefaultModel;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The default model's tokenizer on 82 texts, against the original. */
class DefaultTokenizerIT {
    @Test
    void encodesAndGivesTheTextBackPieceByPiece() throws IOException {
        try (GgufModelSource source = GgufModelSource.open(DefaultModel.path());
                DjlTokenizer tokenizer = DjlTokenizer.of(source.tokenizer())) {
            for (JsonNode encoding :
                    GoldenFile.json("smollm2-135m/encodings.json").path("cases")) {
                String text = encoding.path("text").asString();
                int[] ids = GgufTokenizerTest.ids(encoding.path("ids"));
                assertThat(tokenizer.encode(text, SpecialTokens.PARSE)).as(text).containsExactly(ids);
                int[] plain = encoding.has("ids_special_as_text")
                        ? GgufTokenizerTest.ids(encoding.path("ids_special_as_text"))
                        : ids;
                int[] asText = tokenizer.encode(text, SpecialTokens.AS_TEXT);
                IncrementalDetokenizer detokenizer = new IncrementalDetokenizer(tokenizer);
                StringBuilder back = new StringBuilder();
                for (int id : asText) {
                    back.append(detokenizer.append(id));
                }
                assertThat(back.append(detokenizer.flush())).hasToString(text);
                if (!encoding.has("ids_special_as_text")) {
                    assertThat(asText).as(text).containsExactly(plain);
                }
            }
        }
    }
}
