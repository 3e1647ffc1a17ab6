package dev.contexture.constrain.mask;

import dev.contexture.constrain.grammar.Footprint;
import dev.contexture.constrain.grammar.Item;
import dev.contexture.constrain.grammar.Machine;
import dev.contexture.constrain.grammar.State;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A grammar over a vocabulary: masks of its states, kept and bounded. Safe for use by several threads. */
public final class GrammarMasks {
    /** Kept masks of one grammar take at most so much memory. */
    static final long MOST_BYTES = 8L << 20;

    /** Kept states of one grammar, most of which have no mask. */
    private static final int MOST_STATES = 8_192;

    /**
     * Nodes of the vocabulary's trie that one mask looks at, those included that were looked at before for lexemes: what a text may
     * be must not depend on what is kept. With more the other ways are left out, which leaves fewer texts and never a wrong one.
     */
    private static final long MOST_NODES = 6_000_000;

    /** Steps of the machine for one mask or token. */
    private static final long MOST_STEPS = 2_000_000;

    private final TokenVocabulary vocabulary;
    private final long grammarBytes;
    private final Machine machine;
    private final int mostMasks;
    private final @Nullable State[] path;
    private int masks;
    private final long mostNodes;
    private long nodes;

    /**
     * @throws IllegalArgumentException if the grammar has no text that is not too deep
     */
    public GrammarMasks(Item root, TokenVocabulary vocabulary) {
        this(root, vocabulary, MOST_NODES);
    }

    /**
     * @param mostNodes of the trie that one mask looks at, but for its first lexeme's
     */
    GrammarMasks(Item root, TokenVocabulary vocabulary, long mostNodes) {
        this.mostNodes = mostNodes;
        this.vocabulary = vocabulary;
        this.grammarBytes = Footprint.of(root);
        this.machine = new Machine(root, MOST_STATES);
        this.mostMasks = Math.toIntExact(
                Math.max(16, MOST_BYTES / Long.BYTES / Math.max(1, TokenMask.words(vocabulary.size()))));
        this.path = new State[vocabulary.trie().longest() + 1];
    }

    /** Memory that is taken, about. */
    public synchronized long bytes() {
        long ofMask = (long) TokenMask.words(vocabulary.size()) * Long.BYTES;
        return grammarBytes + machine.bytes() + masks * ofMask;
    }

    public synchronized State start() {
        machine.allow(MOST_STEPS);
        return machine.start();
    }

    /**
     * @param token that the state's mask allows
     * @throws IllegalArgumentException if it does not
     */
    public synchronized State next(State state, int token) {
        machine.allow(MOST_STEPS);
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

    /**
     * Tokens that the text may go on with; those that end it, where it is complete. Never empty.
     *
     * @throws IllegalStateException if there are none, or finding them takes too long
     */
    public synchronized TokenMask mask(State state) {
        machine.allow(MOST_STEPS);
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
        if (mask.first() < 0) {
            throw new IllegalStateException("no token goes on from here");
        }
        current.attach(mask);
        masks++;
        return mask;
    }

    private TokenMask computed(State state) {
        long[] words = new long[TokenMask.words(vocabulary.size())];
        nodes = 0;
        Set<Object> added = new HashSet<>();
        for (State.Way way : state.ways()) {
            if (nodes > mostNodes) {
                break;
            }
            Object key = vocabulary.key(way.dfa(), way.at());
            LexemeMask lexeme = vocabulary.mask(key, way.dfa(), way.at());
            if (added.add(key)) {
                nodes += lexeme.visited();
                lexeme.addTo(words);
            }
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

    /** Nodes that the last mask looked at. */
    synchronized long nodes() {
        return nodes;
    }

    /** Adds tokens that go on behind a lexeme's end. */
    private void follow(int border, State after, long[] words) {
        TokenTrie trie = vocabulary.trie();
        path[trie.depth(border)] = after;
        int end = trie.end(border);
        for (int node = border + 1; node < end && nodes <= mostNodes; ) {
            nodes++;
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
