package dev.contexture.session;

/**
 * The session that a request is a turn of.
 *
 * @param lineage shared by sessions that were forked from one another
 * @param resumeTokens first tokens of the prompt that earlier turns left
 */
public record SessionUse(String id, String lineage, int resumeTokens) {
    public SessionUse {
        if (id.isEmpty() || lineage.isEmpty() || resumeTokens < 0) {
            throw new IllegalArgumentException("a session has an id, a lineage and 0 or more tokens but not " + id
                    + ", " + lineage + ", " + resumeTokens);
        }
    }
}
