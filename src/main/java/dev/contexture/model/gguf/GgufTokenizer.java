package dev.contexture.model.gguf;

import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.ModelSource.TokenizerDefinition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes the tokenizer in a GGUF file's metadata as tokenizer.json, the format of the Hugging Face library.
 *
 * <p>Two kinds: "gpt2" is byte-level BPE with its merges and a pre-tokenizer named by {@code tokenizer.ggml.pre}; "llama"
 * is SentencePiece's BPE, whose merges are not stored but follow from the scores: a piece can be made from every split of
 * it into two pieces, in the order of the scores.
 */
final class GgufTokenizer {
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int BYTE = 6;
    private static final String SPACE_MARK = "\u2581";

    /** Control tokens that end a turn in some family's chat format. */
    private static final Set<String> TURN_ENDS = Set.of(
            "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<end_of_turn>", "<|endoftext|>", "</s>");

    // How text is cut before BPE, by model: published with each model's tokenizer.
    private static final String GPT2_SPLIT =
            "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    private static final String LLAMA3_SPLIT = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String QWEN2_SPLIT = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private final GgufFile file;
    private final List<String> tokens;
    private final List<Long> types;

    GgufTokenizer(GgufFile file) {
        this.file = file;
        this.tokens = file.list("tokenizer.ggml.tokens", String.class);
        this.types = file.list("tokenizer.ggml.token_type", Long.class);
        if (tokens.isEmpty()) {
            throw new ModelFormatException("it has no vocabulary (tokenizer.ggml.tokens)");
        }
        if (!types.isEmpty() && types.size() != tokens.size()) {
            throw new ModelFormatException("it has " + tokens.size() + " tokens but " + types.size() + " token types");
        }
    }

    TokenizerDefinition definition() {
        String kind = file.string("tokenizer.ggml.model").orElse("");
        Map<String, Object> json = switch (kind) {
            case "gpt2" -> byteLevelBpe();
            case "llama" -> sentencePieceBpe();
            default ->
                throw new ModelFormatException("the tokenizer model '" + kind
                        + "' is not supported; supported are gpt2 (byte-level BPE) and llama (SentencePiece)");
        };
        Set<Integer> ends = new HashSet<>();
        String endText = null;
        Integer end = tokenId("tokenizer.ggml.eos_token_id");
        if (end != null) {
            ends.add(end);
            endText = tokens.get(end);
        }
        Integer endOfTurn = tokenId("tokenizer.ggml.eot_token_id");
        if (endOfTurn != null) {
            ends.add(endOfTurn);
        }
        for (int id = 0; id < tokens.size(); id++) {
            if (type(id) == CONTROL && TURN_ENDS.contains(tokens.get(id))) {
                ends.add(id);
            }
        }
        Integer begin = tokenId("tokenizer.ggml.bos_token_id");
        boolean addBegin = file.flag("tokenizer.ggml.add_bos_token").orElse(kind.equals("llama"));
        return new TokenizerDefinition(
                JsonMapper.shared().writeValueAsString(json),
                begin == null ? null : tokens.get(begin),
                endText,
                ends,
                addBegin && begin != null);
    }

    private @Nullable Integer tokenId(String key) {
        Long id = file.integer(key).orElse(null);
        if (id == null) {
            return null;
        }
        if (id < 0 || id >= tokens.size()) {
            throw new ModelFormatException(key + " is " + id + " but the vocabulary has " + tokens.size() + " tokens");
        }
        return id.intValue();
    }

    private int type(int id) {
        return types.isEmpty() ? 1 : types.get(id).intValue();
    }

    private Map<String, Object> byteLevelBpe() {
        List<String> merges = file.list("tokenizer.ggml.merges", String.class);
        for (String merge : merges) {
            if (merge.indexOf(' ') <= 0) {
                throw new ModelFormatException("the merge '" + merge + "' does not name two tokens");
            }
        }
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("type", "BPE");
        model.put("vocab", vocabulary());
        model.put("merges", merges);
        model.put("ignore_merges", pre().equals("llama-bpe") || pre().equals("llama3"));
        Map<String, Object> json = frame(model);
        json.put("pre_tokenizer", Map.of("type", "Sequence", "pretokenizers", preTokenizers()));
        json.put("decoder", byteLevel());
        return json;
    }

    private String pre() {
        return file.string("tokenizer.ggml.pre").orElse("default");
    }

    private List<Map<String, Object>> preTokenizers() {
        return switch (pre()) {
            case "smollm" -> List.of(digitsOneByOne(), byteLevelSplitting());
            case "default", "gpt-2", "gpt2" -> List.of(split(GPT2_SPLIT), byteLevel());
            case "llama-bpe", "llama3", "llama-v3" -> List.of(split(LLAMA3_SPLIT), byteLevel());
            case "qwen2", "deepseek-r1-qwen" -> List.of(split(QWEN2_SPLIT), byteLevel());
            default ->
                throw new ModelFormatException("the pre-tokenizer '" + pre()
                        + "' is not supported; supported are smollm, gpt-2, llama-bpe and qwen2");
        };
    }

    private static Map<String, Object> digitsOneByOne() {
        return Map.of("type", "Digits", "individual_digits", true);
    }

    private static Map<String, Object> split(String regex) {
        return Map.of("type", "Split", "pattern", Map.of("Regex", regex), "behavior", "Isolated", "invert", false);
    }

    private static Map<String, Object> byteLevel() {
        return Map.of("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", true, "use_regex", false);
    }

    private static Map<String, Object> byteLevelSplitting() {
        return Map.of("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", true, "use_regex", true);
    }

    private Map<String, Object> sentencePieceBpe() {
        List<Double> scores = file.list("tokenizer.ggml.scores", Double.class);
        if (scores.size() != tokens.size()) {
            throw new ModelFormatException("it has " + tokens.size() + " tokens but " + scores.size() + " scores");
        }
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("type", "BPE");
        Integer unknown = tokenId("tokenizer.ggml.unknown_token_id");
        model.put("unk_token", unknown == null ? null : tokens.get(unknown));
        model.put("fuse_unk", true);
        model.put("byte_fallback", true);
        model.put("vocab", vocabulary());
        model.put("merges", mergesByScore(scores));
        Map<String, Object> json = frame(model);
        boolean spacePrefix = file.flag("tokenizer.ggml.add_space_prefix").orElse(true);
        List<Map<String, Object>> normalizers = new ArrayList<>();
        List<Map<String, Object>> decoders = new ArrayList<>(List.of(
                Map.of("type", "Replace", "pattern", Map.of("String", SPACE_MARK), "content", " "),
                Map.of("type", "ByteFallback"),
                Map.of("type", "Fuse")));
        if (spacePrefix) {
            normalizers.add(Map.of("type", "Prepend", "prepend", SPACE_MARK));
            decoders.add(Map.of("type", "Strip", "content", " ", "start", 1, "stop", 0));
        }
        normalizers.add(Map.of("type", "Replace", "pattern", Map.of("String", " "), "content", SPACE_MARK));
        json.put("normalizer", Map.of("type", "Sequence", "normalizers", normalizers));
        json.put("decoder", Map.of("type", "Sequence", "decoders", decoders));
        return json;
    }

    private List<List<String>> mergesByScore(List<Double> scores) {
        Map<String, Double> scoreOf = HashMap.newHashMap(tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            if (type(id) != CONTROL && type(id) != BYTE) {
                scoreOf.put(tokens.get(id), scores.get(id));
            }
        }
        record Merge(String left, String right, double score, double leftScore, double rightScore) {}
        List<Merge> merges = new ArrayList<>();
        scoreOf.forEach((piece, score) -> {
            for (int cut = 1; cut < piece.length(); cut++) {
                Double left = scoreOf.get(piece.substring(0, cut));
                Double right = scoreOf.get(piece.substring(cut));
                if (left != null && right != null) {
                    merges.add(new Merge(piece.substring(0, cut), piece.substring(cut), score, left, right));
                }
            }
        });
        merges.sort((a, b) -> a.score != b.score
                ? Double.compare(b.score, a.score)
                : a.leftScore != b.leftScore
                        ? Double.compare(b.leftScore, a.leftScore)
                        : a.rightScore != b.rightScore
                                ? Double.compare(b.rightScore, a.rightScore)
                                : (a.left + a.right).compareTo(b.left + b.right));
        return merges.stream().map(m -> List.of(m.left, m.right)).collect(Collectors.toList());
    }

    private Map<String, Integer> vocabulary() {
        Map<String, Integer> vocabulary = LinkedHashMap.newLinkedHashMap(tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            if (vocabulary.putIfAbsent(tokens.get(id), id) != null) {
                throw new ModelFormatException("the token '" + tokens.get(id) + "' occurs twice in the vocabulary");
            }
        }
        return vocabulary;
    }

    private Map<String, Object> frame(Map<String, Object> model) {
        List<Map<String, Object>> added = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            int type = type(id);
            if (type == CONTROL || type == USER_DEFINED) {
                Map<String, Object> token = new LinkedHashMap<>();
                token.put("id", id);
                token.put("content", tokens.get(id));
                token.put("single_word", false);
                token.put("lstrip", false);
                token.put("rstrip", false);
                token.put("normalized", false);
                token.put("special", type == CONTROL);
                added.add(token);
            }
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", "1.0");
        json.put("truncation", null);
        json.put("padding", null);
        json.put("added_tokens", added);
        json.put("normalizer", null);
        json.put("pre_tokenizer", null);
        json.put("post_processor", null);
        json.put("decoder", null);
        json.put("model", model);
        return json;
    }
}
