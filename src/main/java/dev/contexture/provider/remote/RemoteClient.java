package dev.contexture.provider.remote;

import dev.contexture.provider.ChatCall;
import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.Failures;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.Prompt;
import java.util.LinkedHashMap;
import java.util.Map;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Chat by a service over HTTP. Answers are always streamed, so that a cancel reaches the engine at once. */
final class RemoteClient implements ContextureClient {
    private static final String CHAT = "/chat/completions";
    private static final String SESSIONS = "/sessions";
    private static final String TOKENIZE = "/tokenize";

    private final HttpTransport http;
    private final ServedModels models;

    RemoteClient(HttpTransport http, ServedModels models) {
        this.http = http;
        this.models = models;
    }

    @Override
    public Mono<String> model() {
        return models.chat();
    }

    @Override
    public Flux<GenerationEvent> chat(ChatCall call) {
        return model().flatMapMany(model -> {
                    Map<String, Object> body = ChatBody.of(call, model);
                    // A session's turn may have been written although its answer was lost.
                    boolean repeatable = call.session().isEmpty();
                    return http.retried(
                            () -> ChatEvents.of(http.events(CHAT, call.id(), body), http.address(CHAT)), repeatable);
                })
                .onErrorMap(models.forgetting())
                .onErrorMap(Failures::of);
    }

    @Override
    public Mono<String> newSession() {
        return model().flatMap(model -> http.post(SESSIONS, Map.of("model", model), false))
                .map(session -> session.path("id").stringValue(""))
                .onErrorMap(models.forgetting())
                .onErrorMap(Failures::of);
    }

    @Override
    public Mono<Integer> countTokens(Prompt prompt) {
        return Mono.defer(() -> http.post(TOKENIZE, body(prompt), true))
                .map(answer -> answer.path("count").intValue())
                .onErrorMap(Failures::of);
    }

    private static Map<String, Object> body(Prompt prompt) {
        Map<String, Object> body = new LinkedHashMap<>();
        switch (prompt) {
            case Prompt.Text text -> body.put("prompt", text.text());
            case Prompt.Chat chat -> {
                if (!chat.tools().tools().isEmpty() || !chat.templateArguments().isEmpty()) {
                    throw new IllegalArgumentException("tools are not counted: leave them and template arguments out");
                }
                body.put("messages", ChatBody.messages(chat.messages()));
            }
            default -> throw new IllegalArgumentException("only texts and conversations are counted");
        }
        return body;
    }
}
