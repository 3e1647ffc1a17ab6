package dev.contexture.split;

/**
 * What was learned about a model's delimiters.
 *
 * @param targetName the model that it was learned from, for people
 * @param targetSha256 of the model's files, or {@link #ANY}
 * @param literal weights by {@link DelimiterScore#LITERAL}
 * @param sinkless weights by {@link DelimiterScore#SINKLESS}
 * @param vocabularyDigest {@link TokenClasses#digest} of the tokenizer that it was learned with, or {@link #ANY}
 * @param sha256 of the table itself: where blocks end depends on it
 */
public record DelimiterTable(
        String targetName,
        String targetSha256,
        DelimiterWeights literal,
        DelimiterWeights sinkless,
        ShapeScores shapeScores,
        String vocabularyDigest,
        String sha256) {
    /** Instead of a digest: the table is not for one model or tokenizer. */
    public static final String ANY = "any";

    public DelimiterTable {
        requireDigest(targetSha256, "target_sha256");
        requireDigest(vocabularyDigest, "vocabulary_digest");
        if (!Sha256.isHex(sha256)) {
            throw new IllegalArgumentException("the table's own digest must be SHA-256 but is '" + sha256 + "'");
        }
    }

    private static void requireDigest(String value, String name) {
        if (!value.equals(ANY) && !Sha256.isHex(value)) {
            throw new IllegalArgumentException(
                    name + " must be 64 lower-case hexadecimal digits or '" + ANY + "' but is '" + value + "'");
        }
    }

    public DelimiterWeights weights(DelimiterScore score) {
        return switch (score) {
            case LITERAL -> literal;
            case SINKLESS -> sinkless;
            case NONE -> DelimiterWeights.EQUAL;
        };
    }

    /**
     * Whether the table was learned over these token classes. If not, blocks are sound all the same, but weights may
     * belong to other tokens than the ones that they were learned from.
     */
    public boolean fits(TokenClasses classes) {
        return vocabularyDigest.equals(ANY) || vocabularyDigest.equals(classes.digest());
    }

    boolean isFor(String modelSha256) {
        return targetSha256.equals(ANY) || targetSha256.equals(modelSha256);
    }
}
