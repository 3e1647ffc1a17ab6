package dev.contexture.constrain.mask;

import dev.contexture.constrain.grammar.Item;
import dev.contexture.constrain.grammar.Machine;
import dev.contexture.constrain.grammar.State;
import org.jspecify.annotations.Nullable;

/** A grammar over a vocabulary: masks of its states, kept and bounded. Safe for use by several threads. */
public final class GrammarMasks {
    /** Kept masks of one grammar take at most so much memory. */
    static final long MOST_BYTES = 8L << 20;

    /** Kept states of one grammar, most of which have no mask. */
    private static final int MOST_STATES = 8_192;

    private final TokenVocabulary vocabulary;
    private final Machine machine;
    private final int mostMasks;
    private final @Nullable State[] path;
    private int masks;

    /**
     * @throws IllegalArgumentException if the grammar has no text that is not too deep
     */
    public GrammarMasks(Item root, TokenVocabulary vocabulary) {
        this.vocabulary = vocabulary;
        this.machine = new Machine(root, MOST_STATES);
        this.mostMasks = Math.toIntExact(
                Math.max(16, MOST_BYTES / Long.BYTES / Math.max(1, TokenMask.words(vocabulary.size()))));
        this.path = new State[vocabulary.trie().longest() + 1];
    }

    public synchronized State start() {
        return machine.start();
    }

    /**
     * @param token that the state's mask allows
     * @throws IllegalArgumentException if it does not
     */
    public synchronized State next(State state, int token) {
        if (vocabulary.isEnd(token) && state.isComplete()) {
            return state;
        }
        State next = state;
        byte[] text = token < 0 || token >= vocabulary.size() ? new byte[0] : vocabulary.text(token);
        for (byte b : text) {
            next = next == null ? null : machine.next(next, b & 0xFF);
        }
        if (next == null || text.length == 0) {
            throw new IllegalArgumentException("token " + token + " is not allowed here");
        }
        return next;
    }

    /** Tokens that the text may go on with; those that end it, where it is complete. Never empty. */
    public synchronized TokenMask mask(State state) {
        State current = machine.current(state);
        if (current.attachment() instanceof TokenMask known) {
            return known;
        }
        if (masks >= mostMasks) {
            masks = 0;
            machine.forget();
            current = machine.current(state);
        }
        TokenMask mask = computed(current);
        current.attach(mask);
        masks++;
        return mask;
    }

    private TokenMask computed(State state) {
        long[] words = new long[TokenMask.words(vocabulary.size())];
        for (State.Way way : state.ways()) {
            LexemeMask lexeme = vocabulary.mask(way.dfa(), way.at());
            lexeme.addTo(words);
            if (lexeme.borders().length > 0) {
                State after = machine.after(way);
                for (int border : lexeme.borders()) {
                    follow(border, after, words);
                }
            }
        }
        if (state.isComplete()) {
            for (int end : vocabulary.ends()) {
                words[end >> 6] |= 1L << end;
            }
        }
        return new TokenMask(words);
    }

    /** Adds tokens that go on behind a lexeme's end. */
    private void follow(int border, State after, long[] words) {
        TokenTrie trie = vocabulary.trie();
        path[trie.depth(border)] = after;
        int end = trie.end(border);
        for (int node = border + 1; node < end; ) {
            int depth = trie.depth(node);
            State from = path[depth - 1];
            State state = from == null ? null : machine.next(from, trie.label(node));
            if (state == null) {
                node = trie.end(node);
                continue;
            }
            path[depth] = state;
            for (int token = trie.token(node); token >= 0; token = trie.sameAs(token)) {
                words[token >> 6] |= 1L << token;
            }
            node++;
        }
    }
}
