package dev.contexture.session;

import dev.contexture.constrain.mask.TokenVocabulary;
import dev.contexture.model.tokenizer.Tokenizer;
import java.util.Set;

/** A tokenizer's tokens as constraints see them: control tokens are no part of a text. */
public record TokenizerTokens(Tokenizer tokenizer) implements TokenVocabulary.Tokens {
    @Override
    public int count() {
        return tokenizer.vocabularySize();
    }

    @Override
    public byte[] bytes(int token) {
        return tokenizer.isSpecial(token) ? new byte[0] : tokenizer.tokenBytes(token);
    }

    @Override
    public Set<Integer> ends() {
        return tokenizer.endOfSequence();
    }
}
