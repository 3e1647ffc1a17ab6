package dev.contexture.provider.springai;

import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.core.FinishReason;
import dev.contexture.provider.Asked;
import dev.contexture.provider.ChatCall;
import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.EmbeddedClient;
import dev.contexture.provider.Sampling;
import dev.contexture.provider.SingleAnswer;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Usage;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.InferenceService;
import dev.contexture.session.SpokenAnswer;
import dev.contexture.session.dialect.AnswerPart;
import dev.contexture.session.dialect.ToolChoice;
import dev.contexture.session.dialect.ToolDefinition;
import dev.contexture.session.dialect.ToolUse;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.contextpropagation.ObservationThreadLocalAccessor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.metadata.ChatGenerationMetadata;
import org.springframework.ai.chat.metadata.ChatResponseMetadata;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.model.MessageAggregator;
import org.springframework.ai.chat.observation.ChatModelObservationContext;
import org.springframework.ai.chat.observation.ChatModelObservationConvention;
import org.springframework.ai.chat.observation.ChatModelObservationDocumentation;
import org.springframework.ai.chat.observation.DefaultChatModelObservationConvention;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.ToolCallingManager;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** Spring AI's chat model over an engine in the same process or a service over HTTP. Keeps nothing of a request; safe for use by several threads. */
public final class ContextureChatModel implements ChatModel {
    /** Metadata of messages that reasoning is in, as in Spring AI's Ollama module. */
    public static final String THINKING = "thinking";

    /** Metadata of a response: {@code RestoreReport} of blocks of the prompt that lay in tiers below the KV pool. */
    public static final String RESTORE = "contexture.restore";

    /** Metadata of a response: {@code TurnOutcome} of a session. */
    public static final String TURN = "contexture.turn";

    private static final TypeReference<LinkedHashMap<String, Object>> SCHEMA = new TypeReference<>() {};

    private static final String PROVIDER = "contexture";

    private final ContextureClient client;
    private final ChatOptions options;
    private final ToolCallingManager toolCalling;
    private final ObservationRegistry observations;
    private volatile ChatModelObservationConvention convention = new DefaultChatModelObservationConvention();

    /**
     * @param options for prompts that bring none of their own
     * @param toolCalling resolves definitions; calls are the caller's to run
     * @param observations hears of each call
     */
    public ContextureChatModel(
            ContextureClient client,
            ChatOptions options,
            ToolCallingManager toolCalling,
            ObservationRegistry observations) {
        this.client = client;
        this.options = options;
        this.toolCalling = toolCalling;
        this.observations = observations;
    }

    /** For calls from now on. */
    public void setObservationConvention(ChatModelObservationConvention newConvention) {
        this.convention = newConvention;
    }

    /** Not observed; definitions are those of the prompt's own tools. */
    public ContextureChatModel(ContextureClient client, ChatOptions options) {
        this(client, options, ToolCallingManager.builder().build(), ObservationRegistry.NOOP);
    }

    /** A model with the engine's own defaults, over the engine of this process. */
    public static ContextureChatModel of(InferenceService service) {
        return of(EmbeddedClient.of(service));
    }

    /** A model with the engine's own defaults, of options that can carry tools and a schema. */
    public static ContextureChatModel of(ContextureClient client) {
        return new ContextureChatModel(client, ContextureChatOptions.builder().build());
    }

    /** What is asked; makes sessions, too. */
    public ContextureClient client() {
        return client;
    }

    /**
     * @throws dev.contexture.provider.ContextureException if there is no answer
     */
    @Override
    public ChatResponse call(Prompt prompt) {
        Prompt used = completed(prompt);
        ChatModelObservationContext context = context(used, false);
        return Objects.requireNonNull(observation(context).observe(() -> {
            ChatResponse response = ask(used)
                    .flatMap(Asked::whole)
                    .map(answer -> response(answer, message(answer.spoken()), answer.reason(), answer.usage()))
                    .block();
            if (response == null) {
                throw new IllegalStateException("the generation ended without an answer");
            }
            context.setResponse(response);
            return response;
        }));
    }

    /** Chunks of text, the last with finish reason and usage, on threads that may block. Cancelling ends the generation within one step. */
    @Override
    public Flux<ChatResponse> stream(Prompt prompt) {
        Prompt used = completed(prompt);
        return Flux.deferContextual(surrounding -> {
            ChatModelObservationContext context = context(used, true);
            Observation observation = observation(context);
            observation.parentObservation(surrounding.getOrDefault(ObservationThreadLocalAccessor.KEY, null));
            observation.start();
            Flux<ChatResponse> chunks = ask(used)
                    .flatMapMany(asked -> asked.events()
                            .concatMapIterable(
                                    event -> chunks(event, asked.answer().with(event))))
                    .doOnError(observation::error)
                    .doFinally(signal -> observation.stop())
                    .contextWrite(inner -> inner.put(ObservationThreadLocalAccessor.KEY, observation));
            return new MessageAggregator().aggregate(chunks, context::setResponse);
        });
    }

    private Prompt completed(Prompt prompt) {
        return prompt.getOptions() == null ? new Prompt(prompt.getInstructions(), options) : prompt;
    }

    private static ChatModelObservationContext context(Prompt prompt, boolean streaming) {
        return ChatModelObservationContext.builder()
                .prompt(prompt)
                .provider(PROVIDER)
                .streaming(streaming)
                .build();
    }

    private Observation observation(ChatModelObservationContext context) {
        return ChatModelObservationDocumentation.CHAT_MODEL_OPERATION.observation(
                null, convention, () -> context, observations);
    }

    private static List<ChatResponse> chunks(GenerationEvent event, SingleAnswer answer) {
        return switch (event) {
            case Delta delta ->
                delta.text().isEmpty()
                        ? List.of()
                        : List.of(response(answer, new AssistantMessage(delta.text()), null, null));
            case Completed completed ->
                List.of(response(answer, calls(answer.spoken()), answer.reason(), completed.usage()));
            case GenerationEvent.Part part ->
                part.part() instanceof AnswerPart.Thought thought
                        ? List.of(response(answer, thought(thought.text()), null, null))
                        : List.of(); // calls come whole, in the last chunk
            case GenerationEvent.Begun none -> List.of();
            case GenerationEvent.Drawn none -> List.of();
            case GenerationEvent.Finished finished -> List.of();
        };
    }

    @Override
    public ChatOptions getOptions() {
        return options;
    }

    private Mono<Asked> ask(Prompt prompt) {
        return Mono.defer(() -> {
            ContextureChatOptions used = ContextureChatOptions.of(Objects.requireNonNull(prompt.getOptions()));
            return Asked.of(
                    client,
                    used.getModel(),
                    id -> new ChatCall(
                            id,
                            request(prompt, used),
                            Optional.ofNullable(used.getSessionId()).map(ChatCall.Turn::of)));
        });
    }

    private GenerationRequest request(Prompt prompt, ContextureChatOptions used) {
        SpringMessages.requireText(prompt.getInstructions());
        List<Map<String, Object>> messages = prompt.getInstructions().stream()
                .flatMap(message -> SpringMessages.fields(message).stream())
                .toList();
        Integer limit = used.getMaxTokens();
        List<String> stop = used.getStopSequences();
        Boolean thinking = used.getThinking();
        GenerationRequest free = new GenerationRequest(
                new dev.contexture.session.Prompt.Chat(
                        messages,
                        tools(prompt, used),
                        thinking == null ? Map.of() : Map.of("enable_thinking", thinking)),
                limit == null ? OptionalInt.empty() : OptionalInt.of(limit),
                stop == null ? List.of() : stop,
                1,
                new Sampling(
                                used.getTemperature(),
                                used.getTopK(),
                                used.getTopP(),
                                used.getFrequencyPenalty(),
                                used.getPresencePenalty(),
                                used.getMinP(),
                                used.getRepetitionPenalty(),
                                used.getSeed())
                        .toParams(),
                ChatCall.TENANT,
                "",
                used.getSparsity());
        String schema = used.getOutputSchema();
        return schema == null ? free : free.constrained(new ConstraintSpec.Schema(schema));
    }

    /** Behind results of tools the model calls as it likes: the loop that runs them asks with the same options, and would never end. */
    private ToolUse tools(Prompt prompt, ContextureChatOptions used) {
        List<Message> messages = prompt.getInstructions();
        boolean hasResults = !messages.isEmpty() && messages.getLast() instanceof ToolResponseMessage;
        ToolChoice choice = Objects.requireNonNullElse(used.getToolChoice(), ToolChoice.AUTO);
        return new ToolUse(
                toolCalling.resolveToolDefinitions(used).stream()
                        .map(ContextureChatModel::tool)
                        .toList(),
                hasResults && !(choice instanceof ToolChoice.None) ? ToolChoice.AUTO : choice,
                true);
    }

    private static ToolDefinition tool(org.springframework.ai.tool.definition.ToolDefinition definition) {
        try {
            return ToolDefinition.of(
                    definition.name(),
                    definition.description(),
                    JsonMapper.shared().readValue(definition.inputSchema(), SCHEMA));
        } catch (JacksonException e) {
            throw new IllegalArgumentException(
                    "the input schema of the tool '" + definition.name() + "' is no JSON", e);
        }
    }

    private static AssistantMessage message(SpokenAnswer spoken) {
        AssistantMessage.Builder<?> message = AssistantMessage.builder()
                .content(spoken.text())
                .toolCalls(spoken.calls().stream()
                        .map(call ->
                                new AssistantMessage.ToolCall(call.id(), "function", call.name(), call.arguments()))
                        .toList());
        if (!spoken.reasoning().isEmpty()) {
            message.properties(Map.of(THINKING, spoken.reasoning()));
        }
        return message.build();
    }

    private static AssistantMessage thought(String text) {
        return AssistantMessage.builder()
                .content("")
                .properties(Map.of(THINKING, text))
                .build();
    }

    /** The calls alone: the text was streamed. */
    private static AssistantMessage calls(SpokenAnswer spoken) {
        return AssistantMessage.builder()
                .content("")
                .toolCalls(message(spoken).getToolCalls())
                .build();
    }

    private static ChatResponse response(
            SingleAnswer answer, AssistantMessage message, @Nullable FinishReason reason, @Nullable Usage usage) {
        ChatGenerationMetadata generation = reason == null
                ? ChatGenerationMetadata.NULL
                : ChatGenerationMetadata.builder()
                        .finishReason(reason.name().toLowerCase(Locale.ROOT))
                        .build();
        ChatResponseMetadata.Builder metadata =
                ChatResponseMetadata.builder().id(answer.id()).model(answer.model());
        if (usage != null) {
            metadata.usage(new DefaultUsage(
                    usage.promptTokens(),
                    usage.completionTokens(),
                    usage.promptTokens() + usage.completionTokens(),
                    usage,
                    (long) usage.cachedTokens(),
                    null));
            usage.restore().ifPresent(report -> metadata.keyValue(RESTORE, report));
            answer.turn().ifPresent(turn -> metadata.keyValue(TURN, turn));
        }
        return new ChatResponse(List.of(new Generation(message, generation)), metadata.build());
    }
}
