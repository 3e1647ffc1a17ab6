package dev.contexture.provider.langchain4j;

import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.ContextureException;
import dev.contexture.provider.ContextureException.Kind;
import dev.contexture.session.Prompt;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.model.TokenCountEstimator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import reactor.core.publisher.Mono;

/**
 * Counts with the model's own tokenizer and chat template, so that several messages count as the prompt that they become. Blocks; with
 * a service over HTTP each count is a request.
 */
public final class ContextureTokenCountEstimator implements TokenCountEstimator {
    private final ContextureClient client;

    public ContextureTokenCountEstimator(ContextureClient client) {
        this.client = client;
    }

    @Override
    public int estimateTokenCountInText(String text) {
        return text.isEmpty() ? 0 : count(new Prompt.Text(text));
    }

    /** Of a prompt with this message alone, what the template adds to any prompt included; of its text where the template takes no such. */
    @Override
    public int estimateTokenCountInMessage(ChatMessage message) {
        Map<String, Object> translated = ChatTranslation.message(message);
        return client.countTokens(new Prompt.Chat(List.of(translated), Map.of()))
                .onErrorResume(
                        error -> error instanceof ContextureException failure && failure.kind() == Kind.INVALID_REQUEST,
                        error -> text(String.valueOf(translated.get("content"))))
                .onErrorMap(ChatTranslation::exception)
                .blockOptional()
                .orElse(0);
    }

    private Mono<Integer> text(String text) {
        return text.isEmpty() ? Mono.just(0) : client.countTokens(new Prompt.Text(text));
    }

    @Override
    public int estimateTokenCountInMessages(Iterable<ChatMessage> messages) {
        List<Map<String, Object>> translated = new ArrayList<>();
        messages.forEach(message -> translated.add(ChatTranslation.message(message)));
        return translated.isEmpty() ? 0 : count(new Prompt.Chat(translated, Map.of()));
    }

    private int count(Prompt prompt) {
        return client.countTokens(prompt)
                .onErrorMap(ChatTranslation::exception)
                .blockOptional()
                .orElse(0);
    }
}
