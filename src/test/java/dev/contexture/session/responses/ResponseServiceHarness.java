package dev.contexture.session.responses;

import dev.contexture.core.FinishReason;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.SparsityOverrides;
import dev.contexture.core.SparsityUsage;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Drawn;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Usage;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.NoStoredKv;
import dev.contexture.session.Prompt;
import dev.contexture.session.SessionSealer;
import dev.contexture.session.SessionService;
import dev.contexture.session.SessionSettings;
import dev.contexture.session.TenantNamespaces;
import dev.contexture.session.TurnListener;
import dev.contexture.session.TurnOptions;
import dev.contexture.session.dialect.WrittenPrompt;
import dev.contexture.session.responses.ResponseEvent.Ended;
import dev.contexture.session.responses.ResponseItem.Message;
import dev.contexture.session.responses.ResponseItem.Role;
import dev.contexture.session.store.InMemorySessionRecords;
import dev.contexture.session.store.InMemoryTenantLedger;
import dev.contexture.session.store.SessionRecords;
import dev.contexture.testing.GeneratingService;
import dev.contexture.testing.LetterTokenizer;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;

/** A response service over a model that answers as it is told, and what its tests ask of it. */
abstract class ResponseServiceHarness {
    static final String TENANT = "tenant";
    static final Duration TTL = Duration.ofDays(30);

    final LetterTokenizer tokenizer = new LetterTokenizer();
    final AtomicLong millis = new AtomicLong(1_000_000);
    final SessionRecords conversationRecords = new InMemorySessionRecords(100, millis::get);
    final SessionRecords responseRecords = new InMemorySessionRecords(100, millis::get);
    final TenantNamespaces namespaces = new TenantNamespaces(new byte[32]);
    final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
    final AtomicInteger ids = new AtomicInteger();
    final List<String> asked = new ArrayList<>();
    final List<String> heard = new ArrayList<>();
    final SessionService sessions = sessions(new InMemorySessionRecords(10, millis::get), "ses");
    final SessionService conversations = sessions(conversationRecords, "cnv");
    Flux<GenerationEvent> answer = answer("abab", FinishReason.STOP);
    final ResponseService service = service(10, 1_000_000);

    final class Inference extends GeneratingService {
        @Override
        public Flux<GenerationEvent> generate(GenerationRequest request) {
            asked.add(
                    switch (request.prompt()) {
                        case Prompt.Encoded encoded -> tokenizer.text(encoded.tokens());
                        case Prompt.Chat chat -> render(chat);
                        case Prompt.Text text -> throw new IllegalStateException();
                        case Prompt.Tokens tokens -> throw new IllegalStateException();
                    });
            return answer;
        }
    }

    final class Listener implements ResponseListener {
        @Override
        public void began() {
            heard.add("began");
        }

        @Override
        public void ended(ResponseStatus status) {
            heard.add(status.toString());
        }

        @Override
        public void left() {
            heard.add("left");
        }

        @Override
        public void notStored(NotStored why) {
            heard.add("not stored: " + why);
        }

        @Override
        public void evicted() {
            heard.add("evicted");
        }
    }

    SessionService sessions(SessionRecords records, String prefix) {
        return new SessionService(
                new SessionService.Parts(
                        new Inference(),
                        chat -> WrittenPrompt.plain(render(chat)),
                        tokenizer,
                        records,
                        true,
                        new SessionSealer(new byte[32], new SecureRandom()),
                        namespaces,
                        new NoStoredKv(tenant -> true),
                        TurnListener.NONE,
                        "replica",
                        prefix),
                new SessionSettings(TTL, TTL, Duration.ofSeconds(15), Duration.ZERO, 20_000),
                InstantSource.system(),
                new SecureRandom(),
                Schedulers.immediate(),
                timer);
    }

    ResponseService service(int most, long mostBytes) {
        return service(conversations, responseRecords, most, mostBytes);
    }

    ResponseService service(SessionService ofConversations, SessionRecords ofResponses, int most, long mostBytes) {
        return new ResponseService(
                new ResponseService.Parts(
                        new Inference(),
                        sessions,
                        ofConversations,
                        ofResponses,
                        new InMemoryTenantLedger(millis::get),
                        new SessionSealer(new byte[32], new SecureRandom()),
                        namespaces,
                        new Listener()),
                new ResponseBounds(TTL, most, mostBytes, 20_000),
                InstantSource.system(),
                () -> "%024x".formatted(ids.incrementAndGet()),
                timer);
    }

    static String render(Prompt.Chat chat) {
        StringBuilder text = new StringBuilder();
        for (Map<String, Object> message : chat.messages()) {
            text.append("assistant".equals(message.get("role")) ? "<a>" : "<u>")
                    .append("system".equals(message.get("role")) ? "!" : "")
                    .append(message.get("content"))
                    .append("<e>");
        }
        return text.append("<a>").toString();
    }

    Flux<GenerationEvent> answer(String text, FinishReason reason) {
        return drawn(text)
                .concatWith(Flux.just(
                        new Finished(0, reason), new Completed(new Usage(7, 2, text.length(), SparsityUsage.NONE))));
    }

    /** What is said of a piece of text. */
    Flux<GenerationEvent> drawn(String text) {
        List<Integer> tokens = Arrays.stream(tokenizer.singly(text)).boxed().toList();
        return Flux.just(new Drawn(0, text, tokens), new Delta(0, text, List.of()));
    }

    static ResponseRequest request(
            String text,
            Optional<String> instructions,
            boolean store,
            Optional<String> previous,
            Optional<String> session) {
        List<ResponseItem> input = List.of(new Message("msg_in", Role.USER, List.of(text), true));
        return new ResponseRequest(
                "model",
                input,
                new ResponseSettings(
                        instructions,
                        new AnswerFormat.Text(),
                        AskedTools.NONE,
                        Optional.empty(),
                        1,
                        1,
                        Optional.empty(),
                        Map.of(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()),
                store,
                previous,
                session,
                TurnOptions.DEFAULT,
                new GenerationRequest(
                        new Prompt.Chat(List.of(Map.of("role", "user", "content", text)), Map.of()),
                        OptionalInt.empty(),
                        List.of(),
                        1,
                        SamplingParams.GREEDY,
                        TENANT,
                        "",
                        SparsityOverrides.NONE));
    }

    static ResponseError told(Throwable error) {
        return new ResponseError("server_error", String.valueOf(error.getMessage()));
    }

    List<ResponseEvent> events(ResponseService with, ResponseRequest request) {
        return with.create(request, ResponseServiceTest::told)
                .collectList()
                .blockOptional()
                .orElseThrow();
    }

    Response made(ResponseRequest request) {
        return made(service, request);
    }

    Response made(ResponseService with, ResponseRequest request) {
        return ((Ended) events(with, request).getLast()).response();
    }

    static ResponseRequest first(String text) {
        return request(text, Optional.empty(), true, Optional.empty(), Optional.empty());
    }

    static ResponseRequest next(String text, Response previous) {
        return request(text, Optional.empty(), true, Optional.of(previous.id()), Optional.empty());
    }

    Response find(String id) {
        return service.find(TENANT, id).blockOptional().orElseThrow();
    }

    int conversationCount() {
        return conversationRecords
                .list(namespaces.of(TENANT), "", 100)
                .blockOptional()
                .orElseThrow()
                .size();
    }

    String lastAsked() {
        return asked.getLast();
    }
}
