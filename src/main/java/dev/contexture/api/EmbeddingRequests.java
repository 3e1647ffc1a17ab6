package dev.contexture.api;

import dev.contexture.session.embedding.EmbeddingInput;
import dev.contexture.session.embedding.EmbeddingRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** From the body of an embedding request to what session reads. */
final class EmbeddingRequests {
    /** How vectors are written. */
    enum Encoding {
        FLOAT,
        /** Of the bytes of 32-bit floats, lowest byte first. */
        BASE64
    }

    private EmbeddingRequests() {}

    /**
     * @throws InvalidRequestException names the field at fault
     */
    static EmbeddingRequest toRequest(EmbeddingRequestBody body) {
        Integer dimensions = body.dimensions();
        return new EmbeddingRequest(
                inputs(body.input()), dimensions == null ? OptionalInt.empty() : OptionalInt.of(dimensions));
    }

    static Encoding encoding(EmbeddingRequestBody body) {
        return switch (body.encodingFormat()) {
            case null -> Encoding.FLOAT;
            case "float" -> Encoding.FLOAT;
            case "base64" -> Encoding.BASE64;
            default ->
                throw InvalidRequestException.badValue(
                        "'encoding_format' must be float or base64 but is '" + body.encodingFormat() + "'.",
                        "encoding_format");
        };
    }

    private static List<EmbeddingInput> inputs(@Nullable Object given) {
        return switch (given) {
            case null -> throw InvalidRequestException.missing("input");
            case String text -> List.of(new EmbeddingInput.Text(text));
            case List<?> list -> ofArray(list);
            default -> throw InvalidRequestException.badType("input", "a string or an array");
        };
    }

    private static List<EmbeddingInput> ofArray(List<?> list) {
        if (list.isEmpty()) {
            throw InvalidRequestException.badValue("'input' must not be an empty array.", "input");
        }
        return list.getFirst() instanceof Number ? List.of(tokens(list, "input")) : several(list);
    }

    private static List<EmbeddingInput> several(List<?> list) {
        List<EmbeddingInput> inputs = new ArrayList<>(list.size());
        for (int i = 0; i < list.size(); i++) {
            String param = "input[" + i + "]";
            Object input = list.get(i);
            if (input instanceof String text) {
                inputs.add(new EmbeddingInput.Text(text));
            } else if (input instanceof List<?> ids) {
                inputs.add(tokens(ids, param));
            } else {
                throw InvalidRequestException.badType(param, "a string or an array of token ids");
            }
        }
        return inputs;
    }

    private static EmbeddingInput.Tokens tokens(List<?> list, String param) {
        return new EmbeddingInput.Tokens(CompletionRequests.tokenIds(list, param));
    }
}
