package dev.contexture.api;

import dev.contexture.core.SamplingParams;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.Prompt;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** From the body of a completion to what session reads: one request per prompt. */
final class CompletionRequests {
    /** OpenAI's default for this route. */
    private static final int DEFAULT_MAX_TOKENS = 16;

    private final SamplingReader sampling;

    CompletionRequests(ApiProperties bounds) {
        this.sampling = new SamplingReader(bounds);
    }

    /**
     * @throws InvalidRequestException names the field at fault
     */
    List<GenerationRequest> toGenerations(CompletionRequest request, String tenant) {
        requireSupported(request);
        List<Prompt> prompts = prompts(request.prompt());
        int choices = sampling.choices(request, prompts.size());
        Integer logprobs = request.logprobs();
        SamplingParams params = sampling.sampling(
                request,
                logprobs != null,
                logprobs == null ? 0 : SamplingReader.requireTopLogprobs(logprobs, "logprobs"));
        OptionalInt maxTokens = OptionalInt.of(request.maxTokens() == null ? DEFAULT_MAX_TOKENS : request.maxTokens());
        List<GenerationRequest> generations = new ArrayList<>();
        for (Prompt prompt : prompts) {
            try {
                generations.add(new GenerationRequest(
                        prompt,
                        maxTokens,
                        sampling.stop(request),
                        choices,
                        params,
                        tenant,
                        request.cacheSalt() == null ? "" : request.cacheSalt(),
                        ContextureFields.sparsity(request.contexture())));
            } catch (IllegalArgumentException e) {
                throw SamplingReader.outOfRange(e);
            }
        }
        return generations;
    }

    private static void requireSupported(CompletionRequest request) {
        if (Boolean.TRUE.equals(request.echo())) {
            throw InvalidRequestException.unsupported("'echo' is not supported.", "echo");
        }
        if (request.sessionId() != null) {
            throw InvalidRequestException.unsupported(
                    "A session goes on by chat: send 'session_id' to /v1/chat/completions.", "session_id");
        }
        if (request.suffix() != null && !request.suffix().isEmpty()) {
            throw InvalidRequestException.unsupported("'suffix' is not supported.", "suffix");
        }
        int n = request.n() == null ? 1 : request.n();
        if (request.bestOf() != null && request.bestOf() != n) {
            throw InvalidRequestException.unsupported("'best_of' other than 'n' is not supported.", "best_of");
        }
    }

    static List<Prompt> prompts(@Nullable Object given) {
        return switch (given) {
            case null -> throw InvalidRequestException.missing("prompt");
            case String text -> List.of(new Prompt.Text(text));
            case List<?> list -> ofArray(list);
            default -> throw InvalidRequestException.badType("prompt", "a string or an array");
        };
    }

    private static List<Prompt> ofArray(List<?> list) {
        if (list.isEmpty()) {
            throw InvalidRequestException.badValue("'prompt' must not be an empty array.", "prompt");
        }
        return list.getFirst() instanceof Number ? List.of(tokens(list, "prompt")) : several(list);
    }

    private static List<Prompt> several(List<?> list) {
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            prompts.add(
                    switch (list.get(i)) {
                        case null -> throw InvalidRequestException.badType("prompt[" + i + "]", "a string or an array");
                        case String text -> new Prompt.Text(text);
                        case List<?> ids -> tokens(ids, "prompt[" + i + "]");
                        default ->
                            throw InvalidRequestException.badType(
                                    "prompt[" + i + "]", "a string or an array of token ids");
                    });
        }
        return prompts;
    }

    private static Prompt.Tokens tokens(List<?> list, String param) {
        return new Prompt.Tokens(tokenIds(list, param));
    }

    static List<Integer> tokenIds(List<?> list, String param) {
        List<Integer> ids = new ArrayList<>(list.size());
        for (int i = 0; i < list.size(); i++) {
            if (!(list.get(i) instanceof Integer id)) {
                throw InvalidRequestException.badType(param + "[" + i + "]", "a token id");
            }
            ids.add(id);
        }
        return ids;
    }
}
