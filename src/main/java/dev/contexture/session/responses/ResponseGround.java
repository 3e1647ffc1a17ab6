package dev.contexture.session.responses;

import dev.contexture.session.ContextLengthExceededException;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.InferenceService;
import dev.contexture.session.InvalidPromptException;
import dev.contexture.session.Prompt;
import dev.contexture.session.Session;
import dev.contexture.session.SessionBusyException;
import dev.contexture.session.SessionMessage;
import dev.contexture.session.SessionMovedOnException;
import dev.contexture.session.SessionNotFoundException;
import dev.contexture.session.SessionService;
import dev.contexture.session.TurnMessages;
import dev.contexture.session.TurnOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Where a response stands: by itself, in a session of the caller, at the end of a conversation, or on a fork of one.
 *
 * <p>A conversation of responses is a session that only they know. It holds the text of a chain once, and each response that is kept
 * is a mark in it. The response that goes on from the last mark is its next turn; one that goes on from an earlier mark, or from
 * the last while another does, gets a conversation of its own that begins with a copy. Instructions are read but not kept, so
 * they do not carry over. Stored blocks are found by tokens, so a chain whose instructions change only computes more.
 */
final class ResponseGround {
    private final InferenceService inference;
    private final SessionService sessions;
    private final SessionService conversations;
    private final StoredResponses stored;

    /**
     * @param sessions those of callers
     * @param conversations those of responses
     */
    ResponseGround(
            InferenceService inference, SessionService sessions, SessionService conversations, StoredResponses stored) {
        this.inference = inference;
        this.sessions = sessions;
        this.conversations = conversations;
        this.stored = stored;
    }

    /** Generates, and tells the run of what conversation it becomes part. */
    Flux<GenerationEvent> events(ResponseRun run) {
        return Flux.defer(() -> {
                    ResponseRequest request = run.request();
                    if (request.session().isPresent()) {
                        return sessions.turn(
                                request.session().get(),
                                request.generation(),
                                session -> messages(request, session, Optional.empty()),
                                request.turn());
                    }
                    if (request.previous().isPresent()) {
                        return goOn(run, request.previous().get());
                    }
                    return request.store() ? first(run) : alone(request);
                })
                .onErrorMap(InvalidPromptException.class, e -> inTermsOfResponses(run.request(), e))
                .onErrorMap(ContextLengthExceededException.class, e -> e.at("input"));
    }

    /** The names of fields are those of chat completions where both have them. */
    private static InvalidPromptException inTermsOfResponses(ResponseRequest request, InvalidPromptException e) {
        if (e.param().equals("messages") || e.param().startsWith("messages[")) {
            return new InvalidPromptException(String.valueOf(e.getMessage()), "input");
        }
        if (e.param().equals("session_id") && request.session().isEmpty()) {
            return new InvalidPromptException(
                    e.getMessage() + ", or set 'store' to false to have it answered without being kept", "input");
        }
        if (e.param().equals("response_format")) {
            return new InvalidPromptException(String.valueOf(e.getMessage()), "text.format");
        }
        if (e.param().equals("response_format.json_schema.schema")) {
            return new InvalidPromptException(String.valueOf(e.getMessage()), "text.format.schema");
        }
        return e;
    }

    private static TurnMessages.Messages messages(ResponseRequest request, Session session, Optional<String> mark) {
        List<SessionMessage> kept = new ArrayList<>(session.messages());
        kept.addAll(ItemMessages.of(request.input()));
        return new TurnMessages.Messages(kept, withInstructions(request, kept), 0, mark);
    }

    private static List<SessionMessage> withInstructions(ResponseRequest request, List<SessionMessage> messages) {
        List<SessionMessage> read = new ArrayList<>(messages);
        request.settings().instructions().ifPresent(text -> read.addFirst(SessionMessage.of("system", text)));
        return read;
    }

    private Flux<GenerationEvent> alone(ResponseRequest request) {
        GenerationRequest generation = request.generation();
        Prompt.Chat given = (Prompt.Chat) generation.prompt();
        List<SessionMessage> read = withInstructions(request, ItemMessages.of(request.input()));
        return inference.generate(generation.with(new Prompt.Chat(
                read.stream().map(SessionMessage::fields).toList(), given.tools(), given.templateArguments())));
    }

    private Flux<GenerationEvent> first(ResponseRun run) {
        return begin(run, conversations.sessions().blank(run.request().model()));
    }

    private Flux<GenerationEvent> begin(ResponseRun run, Session start) {
        run.becomesPartOf(start.id(), 0);
        return conversations.begin(
                start, run.request().generation(), session -> messages(run.request(), session, Optional.of(run.id())));
    }

    private Flux<GenerationEvent> goOn(ResponseRun run, String previous) {
        ResponseRequest request = run.request();
        return stored.find(request.tenant(), previous)
                .map(ResponseGround::conversation)
                .onErrorMap(ResponseNotFoundException.class, e -> PreviousResponseException.notFound(previous))
                .flatMapMany(conversation ->
                        request.store() ? next(run, conversation, previous) : aside(run, conversation, previous))
                .onErrorMap(SessionNotFoundException.class, e -> PreviousResponseException.notFound(previous));
    }

    /**
     * @throws PreviousResponseException if there is none to go on with
     */
    private static String conversation(Response previous) {
        if (previous.session().isPresent()) {
            throw PreviousResponseException.ofSession(
                    previous, previous.session().get());
        }
        if (!previous.status().goesOn()) {
            throw PreviousResponseException.ofStatus(previous);
        }
        return previous.conversation()
                .orElseThrow(() -> PreviousResponseException.notFound(previous.id()))
                .id();
    }

    private Flux<GenerationEvent> next(ResponseRun run, String conversation, String previous) {
        ResponseRequest request = run.request();
        return conversations
                .turn(
                        conversation,
                        request.generation(),
                        session -> {
                            if (!session.endsAt(previous)) {
                                throw new SessionMovedOnException(conversation, previous);
                            }
                            run.becomesPartOf(conversation, session.tokenCount());
                            return messages(request, session, Optional.of(run.id()));
                        },
                        TurnOptions.DEFAULT)
                .onErrorResume(
                        e -> e instanceof SessionMovedOnException || e instanceof SessionBusyException,
                        e -> fork(request.tenant(), conversation, previous).flatMapMany(copy -> begin(run, copy)));
    }

    private Mono<Session> fork(String tenant, String conversation, String previous) {
        return conversations
                .sessions()
                .find(tenant, conversation)
                .map(session -> conversations
                        .sessions()
                        .forkedAt(
                                session,
                                session.mark(previous)
                                        .orElseThrow(() -> PreviousResponseException.notFound(previous))));
    }

    private Flux<GenerationEvent> aside(ResponseRun run, String conversation, String previous) {
        ResponseRequest request = run.request();
        return fork(request.tenant(), conversation, previous)
                .flatMap(copy -> conversations.aside(
                        copy, request.generation(), session -> messages(request, session, Optional.empty())))
                .flatMapMany(inference::generate);
    }
}
