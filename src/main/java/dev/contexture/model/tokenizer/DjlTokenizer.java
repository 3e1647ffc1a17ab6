package dev.contexture.model.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.ModelSource.TokenizerDefinition;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The Hugging Face tokenizer library, through DJL, for text to ids; ids to bytes are read from the vocabulary itself, as the
 * library's decoder cannot give part of a character.
 */
public final class DjlTokenizer implements Tokenizer, AutoCloseable {
    private static final String NATIVE_FLAVOR = "RUST_FLAVOR"; // as DJL names it

    private static final Pattern BYTE_TOKEN = Pattern.compile("<0x([0-9A-Fa-f]{2})>");
    private static final String SPACE_MARK = "\u2581";
    private static final byte[] NOTHING = {};

    private final HuggingFaceTokenizer tokenizer;
    private @Nullable HuggingFaceTokenizer plain;
    private final TokenizerDefinition definition;
    private final String[] texts;
    private final byte[][] bytes;
    private final Set<Integer> special;
    private final @Nullable Pattern addedTokens;
    private final OptionalInt beginOfSequence;
    private final int longestTokenBytes;

    private DjlTokenizer(HuggingFaceTokenizer tokenizer, TokenizerDefinition definition) {
        this.tokenizer = tokenizer;
        this.definition = definition;
        JsonNode json = JsonMapper.shared().readTree(definition.json());
        Map<Integer, String> added = new HashMap<>();
        this.special = new HashSet<>();
        for (JsonNode token : json.path("added_tokens")) {
            int id = token.path("id").asInt();
            added.put(id, token.path("content").asString());
            if (token.path("special").asBoolean()) {
                special.add(id);
            }
        }
        this.texts = vocabulary(json, added);
        this.bytes = byteTable(json, added);
        this.longestTokenBytes = Math.max(
                1,
                IntStream.range(0, texts.length)
                        .map(id -> Math.max(bytes[id].length, special.contains(id) ? texts[id].length() : 0))
                        .max()
                        .orElse(1));
        this.addedTokens = added.isEmpty() ? null : anyOf(added);
        String begin = definition.beginOfSequence();
        this.beginOfSequence = begin == null
                ? OptionalInt.empty()
                : IntStream.range(0, texts.length)
                        .filter(id -> begin.equals(texts[id]))
                        .findFirst();
    }

    /**
     * @throws ModelFormatException if the definition is no tokenizer that the library can load
     */
    public static DjlTokenizer of(TokenizerDefinition definition) {
        return new DjlTokenizer(load(definition.json()), definition);
    }

    /** On a machine with CUDA the library would fetch another build of itself from the network, which tokenizes the same. */
    private static void keepToBundledLibrary() {
        if (System.getenv(NATIVE_FLAVOR) == null && System.getProperty(NATIVE_FLAVOR) == null) {
            System.setProperty(NATIVE_FLAVOR, "cpu");
        }
    }

    private static HuggingFaceTokenizer load(String json) {
        keepToBundledLibrary();
        Map<String, String> options = Map.of(
                "truncation", "false", "padding", "false", "addSpecialTokens", "false", "modelMaxLength", "2147483647");
        try {
            return HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), options);
        } catch (IOException | RuntimeException e) {
            throw new ModelFormatException("the tokenizer cannot be loaded: " + e.getMessage(), e);
        }
    }

    private static String[] vocabulary(JsonNode json, Map<Integer, String> added) {
        JsonNode vocabulary = json.path("model").path("vocab");
        int size = Math.max(
                vocabulary.size(),
                added.keySet().stream().mapToInt(id -> id + 1).max().orElse(0));
        String[] texts = new String[size];
        Arrays.fill(texts, "");
        vocabulary.properties().forEach(entry -> {
            int id = entry.getValue().asInt();
            if (id < 0 || id >= size) {
                throw new ModelFormatException("the vocabulary has " + size + " tokens but one with id " + id);
            }
            texts[id] = entry.getKey();
        });
        added.forEach((id, text) -> texts[id] = text);
        return texts;
    }

    private byte[][] byteTable(JsonNode json, Map<Integer, String> added) {
        boolean sentencePiece = json.path("model").path("byte_fallback").asBoolean(false);
        byte[][] table = new byte[texts.length][];
        for (int id = 0; id < texts.length; id++) {
            if (special.contains(id)) {
                table[id] = NOTHING;
            } else if (added.containsKey(id)) {
                table[id] = texts[id].getBytes(StandardCharsets.UTF_8);
            } else {
                table[id] = sentencePiece ? sentencePieceBytes(texts[id]) : ByteAlphabet.decode(texts[id]);
            }
        }
        return table;
    }

    private static byte[] sentencePieceBytes(String text) {
        Matcher single = BYTE_TOKEN.matcher(text);
        return single.matches()
                ? new byte[] {(byte) Integer.parseInt(single.group(1), 16)}
                : text.replace(SPACE_MARK, " ").getBytes(StandardCharsets.UTF_8);
    }

    private static Pattern anyOf(Map<Integer, String> added) {
        return Pattern.compile(added.values().stream()
                .sorted((a, b) -> b.length() - a.length())
                .map(Pattern::quote)
                .collect(Collectors.joining("|")));
    }

    @Override
    public int[] encode(String text, SpecialTokens specialTokens) {
        if (text.isEmpty()) {
            return new int[0];
        }
        if (specialTokens == SpecialTokens.PARSE
                || addedTokens == null
                || !addedTokens.matcher(text).find()) {
            return encodeParsing(text);
        }
        return encodeAsText(text);
    }

    private int[] encodeParsing(String text) {
        Encoding encoding = tokenizer.encode(text, false, false);
        return Arrays.stream(encoding.getIds()).mapToInt(Math::toIntExact).toArray();
    }

    /** The library always parses added tokens, so plain text that mentions some is read by one that has none. */
    private int[] encodeAsText(String text) {
        Encoding encoding = withoutAddedTokens().encode(text, false, false);
        return Arrays.stream(encoding.getIds()).mapToInt(Math::toIntExact).toArray();
    }

    private synchronized HuggingFaceTokenizer withoutAddedTokens() {
        if (plain == null) {
            ObjectNode json = (ObjectNode) JsonMapper.shared().readTree(definition.json());
            json.putArray("added_tokens");
            plain = load(json.toString());
        }
        return plain;
    }

    @Override
    public byte[] tokenBytes(int tokenId) {
        return bytes[checked(tokenId)].clone();
    }

    @Override
    public String tokenText(int tokenId) {
        return texts[checked(tokenId)];
    }

    @Override
    public boolean isSpecial(int tokenId) {
        return special.contains(checked(tokenId));
    }

    private int checked(int tokenId) {
        if (tokenId < 0 || tokenId >= texts.length) {
            throw new IllegalArgumentException(
                    "there is no token " + tokenId + ": the vocabulary has " + texts.length + " tokens");
        }
        return tokenId;
    }

    @Override
    public int vocabularySize() {
        return texts.length;
    }

    @Override
    public int longestTokenBytes() {
        return longestTokenBytes;
    }

    @Override
    public OptionalInt beginOfSequence() {
        return beginOfSequence;
    }

    @Override
    public boolean addsBeginOfSequence() {
        return definition.addBeginOfSequence() && beginOfSequence.isPresent();
    }

    @Override
    public Set<Integer> endOfSequence() {
        return definition.endOfSequence();
    }

    @Override
    public synchronized void close() {
        tokenizer.close();
        if (plain != null) {
            plain.close();
        }
    }

    /** The 256 printable characters by which byte-level BPE writes bytes (GPT-2's alphabet). */
    private static final class ByteAlphabet {
        private static final Map<Integer, Byte> BYTE_OF = build();

        private static Map<Integer, Byte> build() {
            Map<Integer, Byte> byteOf = new HashMap<>();
            int next = 256;
            for (int b = 0; b < 256; b++) {
                boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
                byteOf.put(printable ? b : next++, (byte) b);
            }
            return byteOf;
        }

        static byte[] decode(String text) {
            List<Integer> characters = text.codePoints().boxed().toList();
            byte[] bytes = new byte[characters.size()];
            for (int i = 0; i < bytes.length; i++) {
                Byte value = BYTE_OF.get(characters.get(i));
                if (value == null) {
                    return text.getBytes(StandardCharsets.UTF_8); // not of the alphabet: stands for itself
                }
                bytes[i] = value;
            }
            return bytes;
        }
    }
}
