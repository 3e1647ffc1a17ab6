package dev.contexture.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.golden.GoldenFile;
import dev.contexture.model.gguf.GgufModelSource;
import dev.contexture.model.tokenizer.Tokenizer.SpecialTokens;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Tokenizers made from GGUF metadata give the ids that the original tokenizers give. */
class GgufTokenizerTest {
    private static final Path GOLDEN = Path.of("src", "test", "resources", "golden", "gguf");

    static Stream<JsonNode> models() {
        return GoldenFile.json("gguf/index.json").path("models").valueStream();
    }

    @ParameterizedTest
    @MethodSource("models")
    void encodesAndDecodes(JsonNode model) throws IOException {
        JsonNode encodings = model.path("tokenizer").path("encodings");
        assertThat(encodings).isNotEmpty();
        try (GgufModelSource source =
                        GgufModelSource.open(GOLDEN.resolve(model.path("file").asString()));
                DjlTokenizer tokenizer = DjlTokenizer.of(source.tokenizer())) {
            for (JsonNode encoding : encodings) {
                String text = encoding.path("text").asString();
                int[] ids = ids(encoding.path("ids"));
                assertThat(tokenizer.encode(text, SpecialTokens.AS_TEXT))
                        .as(text)
                        .containsExactly(ids);
            }
        }
    }

    static int[] ids(JsonNode node) {
        return node.valueStream().mapToInt(JsonNode::asInt).toArray();
    }
}
