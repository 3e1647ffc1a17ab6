package dev.contexture.session;

import dev.contexture.constrain.mask.TokenVocabulary;
import dev.contexture.model.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * A tokenizer's tokens as constraints see them.
 *
 * @param shown control tokens that are part of texts, as others are not
 */
public record TokenizerTokens(Tokenizer tokenizer, Set<String> shown) implements TokenVocabulary.Tokens {
    public TokenizerTokens {
        shown = Set.copyOf(shown);
    }

    @Override
    public int count() {
        return tokenizer.vocabularySize();
    }

    @Override
    public byte[] bytes(int token) {
        if (!tokenizer.isSpecial(token)) {
            return tokenizer.tokenBytes(token);
        }
        String text = tokenizer.tokenText(token);
        return shown.contains(text) ? text.getBytes(StandardCharsets.UTF_8) : new byte[0];
    }

    @Override
    public Set<Integer> ends() {
        return tokenizer.endOfSequence();
    }
}
