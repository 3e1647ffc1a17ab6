package dev.contexture.session;

import dev.contexture.model.tokenizer.IncrementalDetokenizer;
import dev.contexture.model.tokenizer.StopSequenceMatcher;
import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.scheduler.GeneratedToken;
import dev.contexture.session.GenerationEvent.TokenDetail;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Turns one choice's tokens into text that may be sent: whole characters that are surely not part of a stop sequence.
 * Log-probabilities of a token wait until its text may be sent, and are dropped with text that a stop sequence cuts off.
 */
final class ChoiceText {
    private final Tokenizer tokenizer;
    private final boolean logprobs;
    private final Set<String> shown;
    private final IncrementalDetokenizer detokenizer;
    private final StopSequenceMatcher stops;
    private final Deque<WaitingToken> waiting = new ArrayDeque<>();
    private long decodedChars;
    private long releasedChars;
    private Optional<String> stop = Optional.empty();

    /** A token whose text begins at a character of the choice's output. */
    private record WaitingToken(TokenDetail detail, long beginChar) {}

    /**
     * What became certain.
     *
     * @param stop the stop sequence that ended the choice, if one did
     */
    record Piece(String text, List<TokenDetail> tokens, Optional<String> stop) {
        boolean stopped() {
            return stop.isPresent();
        }

        boolean isEmpty() {
            return text.isEmpty() && tokens.isEmpty();
        }
    }

    /**
     * @param shown control tokens that are part of the text all the same
     */
    ChoiceText(Tokenizer tokenizer, List<String> stopSequences, boolean logprobs, Set<String> shown) {
        this.shown = shown;
        this.tokenizer = tokenizer;
        this.logprobs = logprobs;
        this.detokenizer = new IncrementalDetokenizer(tokenizer);
        this.stops = new StopSequenceMatcher(stopSequences);
    }

    Piece append(GeneratedToken token) {
        if (logprobs) {
            waiting.add(new WaitingToken(detail(token), decodedChars));
        }
        String text = detokenizer.append(token.tokenId()) + shown(token.tokenId());
        decodedChars += text.length();
        StopSequenceMatcher.Result result = stops.append(text);
        return release(result.text(), result.stop());
    }

    private String shown(int tokenId) {
        return tokenizer.isSpecial(tokenId) && shown.contains(tokenizer.tokenText(tokenId))
                ? tokenizer.tokenText(tokenId)
                : "";
    }

    /** What was held back, when the choice ends without a stop sequence. */
    Piece finish() {
        if (stop.isPresent()) {
            return new Piece("", List.of(), stop);
        }
        String tail = detokenizer.flush();
        decodedChars += tail.length();
        StopSequenceMatcher.Result result = stops.append(tail);
        String text = result.stopped() ? result.text() : result.text() + stops.flush();
        return release(text, result.stop());
    }

    private Piece release(String text, Optional<String> stopFound) {
        stop = stopFound;
        releasedChars += text.length();
        List<TokenDetail> tokens = new ArrayList<>();
        boolean allReleased = releasedChars == decodedChars;
        while (!waiting.isEmpty() && (waiting.getFirst().beginChar < releasedChars || allReleased && stop.isEmpty())) {
            tokens.add(waiting.removeFirst().detail);
        }
        if (stop.isPresent()) {
            waiting.clear();
        }
        return new Piece(text, tokens, stop);
    }

    private TokenDetail detail(GeneratedToken token) {
        List<TokenDetail> alternatives = token.topLogprobs().stream()
                .map(top -> detail(top.tokenId(), top.logprob(), List.of()))
                .toList();
        return detail(token.tokenId(), token.logprob(), alternatives);
    }

    private TokenDetail detail(int tokenId, float logprob, List<TokenDetail> alternatives) {
        if (tokenizer.isSpecial(tokenId)) {
            String text = tokenizer.tokenText(tokenId);
            return new TokenDetail(text, text.getBytes(StandardCharsets.UTF_8), logprob, alternatives);
        }
        byte[] bytes = tokenizer.tokenBytes(tokenId);
        return new TokenDetail(new String(bytes, StandardCharsets.UTF_8), bytes, logprob, alternatives);
    }
}
