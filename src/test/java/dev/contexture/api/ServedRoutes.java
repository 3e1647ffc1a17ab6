package dev.contexture.api;

import dev.contexture.security.ApiKeyFilter;
import dev.contexture.security.ApiKeys;
import dev.contexture.session.InferenceService;
import dev.contexture.session.NoStoredKv;
import dev.contexture.session.PromptRenderer;
import dev.contexture.session.SessionSealer;
import dev.contexture.session.SessionService;
import dev.contexture.session.SessionSettings;
import dev.contexture.session.TenantNamespaces;
import dev.contexture.session.TurnListener;
import dev.contexture.session.responses.ResponseBounds;
import dev.contexture.session.responses.ResponseListener;
import dev.contexture.session.responses.ResponseService;
import dev.contexture.session.store.InMemorySessionRecords;
import dev.contexture.session.store.InMemoryTenantLedger;
import dev.contexture.testing.ByteTokenizer;
import dev.contexture.testing.LetterEmbeddings;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.http.server.reactive.ReactorHttpHandlerAdapter;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.config.EnableWebFlux;
import org.springframework.web.server.adapter.WebHttpHandlerBuilder;
import reactor.core.scheduler.Schedulers;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

/** The routes over HTTP of any service that generates; vectors are made of letters. */
public final class ServedRoutes implements AutoCloseable {
    private static final int LONGEST_LINE = 8192;

    private final SessionService sessions;
    private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
    private final DisposableServer server;

    @EnableWebFlux
    static class Web {}

    /** For everyone. */
    public ServedRoutes(InferenceService service, PromptRenderer renderer) {
        this(service, renderer, List.of());
    }

    /**
     * @param keys that requests must show one of; none: everyone is one tenant
     */
    public ServedRoutes(InferenceService service, PromptRenderer renderer, List<String> keys) {
        this.sessions = sessions(service, renderer, "ses");
        ApiProperties properties =
                new ApiProperties(DataSize.ofMegabytes(1), Duration.ofSeconds(5), 16, 16, Duration.ofSeconds(15));
        ApiErrorHandler errors = new ApiErrorHandler(rejection -> {});
        context.register(Web.class);
        context.registerBean(ApiErrorHandler.class, () -> errors);
        context.registerBean(ApiKeyFilter.class, () -> new ApiKeyFilter(new ApiKeys(keys)));
        context.registerBean(
                ChatCompletionController.class,
                () -> new ChatCompletionController(
                        service,
                        sessions,
                        new RequestBodies(1 << 20, Duration.ofSeconds(5), Schedulers.parallel()),
                        properties,
                        new Heads(service, InstantSource.system(), () -> "x"),
                        new EventStream(Duration.ofSeconds(15), Schedulers.parallel(), errors)));
        RequestBodies bodies = new RequestBodies(1 << 20, Duration.ofSeconds(5), Schedulers.parallel());
        context.registerBean(
                MessageController.class,
                () -> new MessageController(
                        service,
                        sessions,
                        bodies,
                        properties,
                        new Heads(service, InstantSource.system(), () -> "x"),
                        new EventStream(Duration.ofSeconds(15), Schedulers.parallel(), errors)));
        ResponseService responses = responses(service, renderer);
        context.registerBean(
                SessionController.class, () -> new SessionController(service, sessions, responses, bodies));
        context.registerBean(MemoryController.class, () -> new MemoryController(sessions, bodies));
        context.registerBean(
                ResponseController.class,
                () -> new ResponseController(
                        service,
                        responses,
                        sessions,
                        bodies,
                        properties,
                        new Heads(service, InstantSource.system(), new Ids()),
                        new EventStream(Duration.ofSeconds(15), Schedulers.parallel(), errors),
                        errors));
        context.registerBean(
                ModelController.class, () -> new ModelController(service, Optional.of(LetterEmbeddings.INSTANCE)));
        context.registerBean(TokenizerController.class, () -> new TokenizerController(service, bodies));
        context.registerBean(
                EmbeddingController.class,
                () -> new EmbeddingController(Optional.of(LetterEmbeddings.INSTANCE), bodies));
        context.refresh();
        this.server = HttpServer.create()
                .host("localhost")
                .port(0)
                .httpRequestDecoder(decoder -> decoder.maxInitialLineLength(LONGEST_LINE))
                .handle(new ReactorHttpHandlerAdapter(
                        WebHttpHandlerBuilder.applicationContext(context).build()))
                .bindNow();
    }

    /** 24 hexadecimal digits. */
    private static final class Ids implements Supplier<String> {
        private final AtomicInteger count = new AtomicInteger();

        @Override
        public String get() {
            return "%024x".formatted(count.incrementAndGet());
        }
    }

    private ResponseService responses(InferenceService service, PromptRenderer renderer) {
        return new ResponseService(
                new ResponseService.Parts(
                        service,
                        sessions,
                        sessions(service, renderer, "cnv"),
                        new InMemorySessionRecords(100, System::currentTimeMillis),
                        new InMemoryTenantLedger(System::currentTimeMillis),
                        new SessionSealer(new byte[32], new SecureRandom()),
                        new TenantNamespaces(new byte[32]),
                        ResponseListener.NONE),
                new ResponseBounds(Duration.ofDays(1), 100, 1_000_000, 1_000_000),
                InstantSource.system(),
                new Ids(),
                Schedulers.parallel());
    }

    private static SessionService sessions(InferenceService service, PromptRenderer renderer, String prefix) {
        return new SessionService(
                new SessionService.Parts(
                        service,
                        renderer,
                        new ByteTokenizer(),
                        new InMemorySessionRecords(100, System::currentTimeMillis),
                        true,
                        new SessionSealer(new byte[32], new SecureRandom()),
                        new TenantNamespaces(new byte[32]),
                        new NoStoredKv(tenant -> true),
                        TurnListener.NONE,
                        "replica",
                        prefix),
                new SessionSettings(
                        Duration.ofDays(1),
                        Duration.ofDays(2),
                        Duration.ofSeconds(15),
                        Duration.ofSeconds(30),
                        1_000_000),
                InstantSource.system(),
                new SecureRandom(),
                Schedulers.immediate(),
                Schedulers.parallel());
    }

    public SessionService sessions() {
        return sessions;
    }

    public String url() {
        return "http://localhost:" + server.port() + "/v1";
    }

    @Override
    public void close() {
        server.disposeNow();
        context.close();
    }
}
