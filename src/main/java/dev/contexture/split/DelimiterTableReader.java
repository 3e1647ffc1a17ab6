package dev.contexture.split;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads a delimiter table's JSON. */
public final class DelimiterTableReader {
    private static final String FORMAT = "contexture-delimiters";
    private static final String VERSION = "1";
    private static final List<String> TYPES =
            Stream.of(DelimiterType.values()).map(DelimiterType::label).toList();
    private static final List<String> SHAPES =
            Stream.of(TokenShape.values()).map(TokenShape::label).toList();

    private final String name;
    private final JsonNode json;

    private DelimiterTableReader(String name, JsonNode json) {
        this.name = name;
        this.json = json;
    }

    /**
     * @param name of the file or resource, for errors
     * @throws DelimiterFormatException if it is no sound table
     */
    public static DelimiterTable read(String name, byte[] bytes) {
        JsonNode json;
        try {
            json = JsonMapper.shared().readTree(bytes);
        } catch (JacksonException e) {
            throw new DelimiterFormatException(name + " is no JSON: " + e.getOriginalMessage(), e);
        }
        if (!json.isObject()) {
            throw new DelimiterFormatException(name + " is no JSON object");
        }
        return new DelimiterTableReader(name, json).table(Sha256.hex(bytes));
    }

    private DelimiterTable table(String sha256) {
        requireText("format", FORMAT);
        requireText("version", VERSION);
        // Indices in digests and in shape_scores mean the same only while both sides count the same names.
        requireNames("types", TYPES);
        requireNames("shapes", SHAPES);
        try {
            return new DelimiterTable(
                    text("target_name"),
                    text("target_sha256"),
                    weights(DelimiterScore.LITERAL),
                    weights(DelimiterScore.SINKLESS),
                    shapeScores(),
                    text("vocabulary_digest"),
                    sha256);
        } catch (IllegalArgumentException e) {
            throw new DelimiterFormatException(name + ": " + e.getMessage(), e);
        }
    }

    private String text(String field) {
        JsonNode value = json.path(field);
        if (!value.isString()) {
            throw wrong(field + (value.isMissingNode() ? " is missing" : " must be text but is " + value));
        }
        return value.asString();
    }

    private void requireText(String field, String expected) {
        String found = text(field);
        if (!found.equals(expected)) {
            throw wrong(field + " must be '" + expected + "' but is '" + found + "'");
        }
    }

    private void requireNames(String field, List<String> expected) {
        List<String> found = json.path(field)
                .valueStream()
                .map(value -> value.isString() ? value.asString() : value.toString())
                .toList();
        if (!found.equals(expected)) {
            throw wrong(field + " must be " + expected + " but is " + found);
        }
    }

    private DelimiterWeights weights(DelimiterScore score) {
        Map<TextKind, Map<DelimiterType, Double>> weights = new EnumMap<>(TextKind.class);
        for (TextKind kind : TextKind.values()) {
            weights.put(kind, weights("scores." + score.label() + "." + kind.label(), score, kind));
        }
        return DelimiterWeights.of(weights);
    }

    private Map<DelimiterType, Double> weights(String place, DelimiterScore score, TextKind kind) {
        JsonNode ofKind = json.path("scores").path(score.label()).path(kind.label());
        Map<DelimiterType, Double> weights = new EnumMap<>(DelimiterType.class);
        for (DelimiterType type : DelimiterType.values()) {
            JsonNode weight = ofKind.path(type.label());
            if (weight.isNumber() && Double.isFinite(weight.asDouble())) {
                weights.put(type, weight.asDouble());
            } else if (type != DelimiterType.NONE) {
                throw wrong(place + "." + type.label()
                        + (weight.isMissingNode() ? " is missing" : " must be a number but is " + weight));
            }
        }
        return weights;
    }

    private ShapeScores shapeScores() {
        Map<TextKind, List<Integer>> scores = new EnumMap<>(TextKind.class);
        for (TextKind kind : TextKind.values()) {
            String place = "shape_scores." + kind.label();
            List<Integer> ofKind = new ArrayList<>();
            for (JsonNode score : json.path("shape_scores").path(kind.label())) {
                if (!score.isIntegralNumber() || !score.canConvertToInt()) {
                    throw wrong(place + "[" + ofKind.size() + "] must be a whole number but is " + score);
                }
                ofKind.add(score.asInt());
            }
            scores.put(kind, ofKind);
        }
        try {
            return ShapeScores.of(scores);
        } catch (IllegalArgumentException e) {
            throw new DelimiterFormatException(name + ": shape_scores." + e.getMessage(), e);
        }
    }

    private DelimiterFormatException wrong(String message) {
        return new DelimiterFormatException(name + ": " + message);
    }
}
