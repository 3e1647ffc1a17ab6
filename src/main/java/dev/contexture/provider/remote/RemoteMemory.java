package dev.contexture.provider.remote;

import dev.contexture.provider.ContextureMemory;
import dev.contexture.provider.Failures;
import dev.contexture.session.Conversations;
import dev.contexture.session.OpenAiMessages;
import dev.contexture.session.SessionMessage;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Conversations of a service over HTTP: those of the key. Every call may be done twice, so all are sent again where that may help. */
final class RemoteMemory implements ContextureMemory {
    private static final String PATH = "/memory";
    private static final int PAGE = 100;
    private static final int MOST_PAGES = 100;
    private static final TypeReference<LinkedHashMap<String, Object>> FIELDS = new TypeReference<>() {};

    private final HttpTransport http;

    RemoteMemory(HttpTransport http) {
        this.http = http;
    }

    @Override
    public Flux<String> conversations() {
        return page("").expand(page -> page.path("has_more").booleanValue(false)
                        ? page("&after=" + encoded(page.path("last_id").stringValue("")))
                        : Mono.empty())
                .take(MOST_PAGES)
                .flatMapIterable(page -> page.path("data"))
                .map(conversation -> conversation.path("conversation").stringValue(""))
                .onErrorMap(Failures::of);
    }

    private Mono<JsonNode> page(String after) {
        return http.get(PATH + "?limit=" + PAGE + after);
    }

    @Override
    public Mono<List<SessionMessage>> messages(String conversation) {
        return Mono.defer(() -> http.get(path(conversation)))
                .map(this::messages)
                .onErrorMap(Failures::of);
    }

    private List<SessionMessage> messages(JsonNode answer) {
        List<SessionMessage> messages = new ArrayList<>();
        try {
            for (JsonNode message : answer.required("messages")) {
                messages.add(OpenAiMessages.read(JsonMapper.shared().convertValue(message, FIELDS)));
            }
        } catch (IllegalArgumentException | JacksonException e) {
            throw RemoteFailures.unreadable(http.address(PATH), e);
        }
        return messages;
    }

    @Override
    public Mono<Void> write(String conversation, List<SessionMessage> messages) {
        return Mono.defer(() -> http.put(
                        path(conversation),
                        Map.of(
                                "messages",
                                messages.stream()
                                        .map(message -> OpenAiMessages.written(message.fields()))
                                        .toList())))
                .onErrorMap(Failures::of)
                .then();
    }

    @Override
    public Mono<Void> delete(String conversation) {
        return Mono.defer(() -> http.delete(path(conversation)))
                .onErrorMap(Failures::of)
                .then();
    }

    private static String path(String conversation) {
        Conversations.requireName(conversation);
        return PATH + "/" + encoded(conversation);
    }

    /** Dots, too: a segment of one or two of them would be resolved on its way. */
    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("+", "%20")
                .replace(".", "%2E");
    }
}
