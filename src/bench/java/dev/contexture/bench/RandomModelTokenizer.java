package dev.contexture.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** A tokenizer without merges: a token per byte, and one each for begin and end. */
final class RandomModelTokenizer {
    private static final int BYTES = 256;
    private static final List<String> SPECIAL = List.of("<|begin_of_text|>", "<|end_of_text|>");

    private RandomModelTokenizer() {}

    /** What tokenizer.json says. */
    static String json() {
        Map<String, Object> vocabulary = new LinkedHashMap<>();
        int others = 0;
        for (int value = 0; value < BYTES; value++) {
            // Byte-level tokenizers write printable bytes as themselves, and the others as letters from 256 on.
            boolean printable = value >= '!' && value <= '~' || value >= 0xA1 && value != 0xAD;
            vocabulary.put(Character.toString(printable ? value : BYTES + others++), value);
        }
        List<Map<String, Object>> added = SPECIAL.stream()
                .map(text -> {
                    Map<String, Object> token = new LinkedHashMap<>();
                    token.put("id", BYTES + SPECIAL.indexOf(text));
                    token.put("content", text);
                    token.put("single_word", false);
                    token.put("lstrip", false);
                    token.put("rstrip", false);
                    token.put("normalized", false);
                    token.put("special", true);
                    return token;
                })
                .toList();
        Map<String, Object> byteLevel =
                Map.of("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", true, "use_regex", true);
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("version", "1.0");
        all.put("added_tokens", added);
        all.put("pre_tokenizer", byteLevel);
        all.put("decoder", byteLevel);
        all.put("model", Map.of("type", "BPE", "vocab", vocabulary, "merges", List.of()));
        return JsonMapper.shared().writeValueAsString(all);
    }

    static String configJson() {
        return JsonMapper.shared()
                .writeValueAsString(Map.of(
                        "bos_token",
                        SPECIAL.getFirst(),
                        "eos_token",
                        SPECIAL.getLast(),
                        "add_bos_token",
                        false,
                        "tokenizer_class",
                        "PreTrainedTokenizerFast"));
    }
}
