package dev.contexture.session.dialect;

import java.util.List;

/**
 * What an answer that must call is made of, for decoding that is held to it: behind {@code begun}, which stands in the prompt, comes
 * one of the pieces, and then up to {@code most - 1} times the separator and one of the pieces. A list's closing bracket is left
 * out where several calls may stand in it; the parsers forgive that.
 *
 * @param begun end of the prompt; part of the answer's text as parsers see it
 * @param pieces a call of each tool that may be called
 * @param separator between two
 * @param most calls
 */
public record CallGrammar(String begun, List<Piece> pieces, String separator, int most) {
    public CallGrammar {
        pieces = List.copyOf(pieces);
        if (pieces.isEmpty() || most < 1) {
            throw new IllegalArgumentException("an answer that must call needs a tool, and room for a call");
        }
    }

    /**
     * A call of one tool.
     *
     * @param name of the tool
     * @param before in front of the arguments
     * @param schema of the arguments: JSON
     * @param after behind the arguments
     */
    public record Piece(String name, String before, String schema, String after) {}
}
