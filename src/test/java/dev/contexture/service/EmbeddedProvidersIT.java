package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.provider.ContextureException;
import dev.contexture.provider.EmbeddedClient;
import dev.contexture.provider.langchain4j.ContextureStreamingChatModel;
import dev.contexture.provider.langchain4j.ContextureTokenUsage;
import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.session.InferenceService;
import dev.contexture.testing.DefaultModel;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.listener.ChatModelRequestContext;
import dev.langchain4j.model.chat.listener.ChatModelResponseContext;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.beans.factory.annotation.Autowired;
import reactor.adapter.JdkFlowAdapter;

/** The chat models for LangChain4j and Spring AI in the engine's own process. */
@ServiceTest
class EmbeddedProvidersIT {
    private static final String QUESTION = "Name the capital of France.";

    @Autowired
    private InferenceService service;

    @Autowired
    private SchedulerLoop loop;

    private static ChatRequestParameters brief() {
        return ChatRequestParameters.builder()
                .temperature(0.0)
                .maxOutputTokens(24)
                .build();
    }

    private static ChatRequest question(ChatRequestParameters parameters) {
        return ChatRequest.builder()
                .messages(SystemMessage.from("You answer briefly."), UserMessage.from(QUESTION))
                .parameters(parameters)
                .build();
    }

    private ChatResponse langChain4jAnswer() {
        return new dev.contexture.provider.langchain4j.ContextureChatModel(
                        EmbeddedClient.of(service), brief(), List.of())
                .chat(question(ChatRequestParameters.builder().build()));
    }

    @Test
    void langChain4jAnswersAlikeInAllFourWays() throws Exception {
        ChatResponse whole = langChain4jAnswer();
        String text = whole.aiMessage().text();
        assertThat(text).contains("Paris");
        assertThat(whole.metadata().id()).isNotBlank();
        assertThat(whole.metadata().modelName()).isEqualTo(DefaultModel.ID);
        assertThat(whole.tokenUsage()).isInstanceOf(ContextureTokenUsage.class);

        ChatResponse async = dev.contexture.provider.langchain4j.ContextureChatModel.of(service)
                .chatAsync(question(brief()))
                .get(60, TimeUnit.SECONDS);
        assertThat(async.aiMessage().text()).isEqualTo(text);

        ContextureStreamingChatModel streaming =
                new ContextureStreamingChatModel(EmbeddedClient.of(service), brief(), List.of());
        CompletableFuture<ChatResponse> complete = new CompletableFuture<>();
        StringBuilder partials = new StringBuilder();
        streaming.chat(question(brief()), handler(partials, complete));
        assertThat(complete.get(60, TimeUnit.SECONDS).aiMessage().text()).isEqualTo(text);
        assertThat(partials).hasToString(text);

        List<ChatModelStreamingEvent> events = JdkFlowAdapter.flowPublisherToFlux(streaming.chat(question(brief())))
                .collectList()
                .block(Duration.ofMinutes(1));
        StringBuilder published = new StringBuilder();
        events.stream()
                .filter(PartialResponse.class::isInstance)
                .forEach(event -> published.append(((PartialResponse) event).text()));
        assertThat(published).hasToString(text);
        assertThat(((CompleteResponse) events.getLast()).chatResponse().tokenUsage())
                .extracting(usage -> usage.outputTokenCount())
                .isEqualTo(whole.tokenUsage().outputTokenCount());
    }

    private static StreamingChatResponseHandler handler(
            StringBuilder partials, CompletableFuture<ChatResponse> complete) {
        return new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String partial) {
                partials.append(partial);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                complete.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                complete.completeExceptionally(error);
            }
        };
    }

    @Test
    void langChain4jListenersHearOfEachCall() {
        List<String> heard = new ArrayList<>();
        ChatModelListener listener = new ChatModelListener() {
            @Override
            public void onRequest(ChatModelRequestContext context) {
                heard.add("request");
            }

            @Override
            public void onResponse(ChatModelResponseContext context) {
                heard.add("response");
            }
        };
        new dev.contexture.provider.langchain4j.ContextureChatModel(
                        EmbeddedClient.of(service), brief(), List.of(listener))
                .chat(QUESTION);
        assertThat(heard).containsExactly("request", "response");
    }

    @Test
    void langChain4jErrorsAreThoseOfTheirKind() {
        var model = dev.contexture.provider.langchain4j.ContextureChatModel.of(service);
        assertThatThrownBy(() -> model.chat(question(
                        ChatRequestParameters.builder().temperature(9.0).build())))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("temperature");
        assertThatThrownBy(() -> model.chat(question(
                        ChatRequestParameters.builder().modelName("other").build())))
                .isInstanceOf(ModelNotFoundException.class);
    }

    @Test
    void langChain4jCancelReachesTheEngine() throws Exception {
        CountDownLatch cancelled = new CountDownLatch(1);
        ContextureStreamingChatModel.of(service)
                .chat(
                        question(ChatRequestParameters.builder()
                                .temperature(1.5)
                                .maxOutputTokens(6000)
                                .build()),
                        new StreamingChatResponseHandler() {
                            @Override
                            public void onPartialResponse(PartialResponse partial, PartialResponseContext context) {
                                context.streamingHandle().cancel();
                                cancelled.countDown();
                            }

                            @Override
                            public void onCompleteResponse(ChatResponse response) {}

                            @Override
                            public void onError(Throwable error) {}
                        });
        assertThat(cancelled.await(60, TimeUnit.SECONDS)).isTrue();
        Idle.await(loop);
    }

    @Test
    void springAiAnswersAlikeInBothWays() {
        var model = new dev.contexture.provider.springai.ContextureChatModel(
                EmbeddedClient.of(service),
                ChatOptions.builder().temperature(0.0).maxTokens(24).build());
        var prompt = new Prompt(List.of(
                new org.springframework.ai.chat.messages.SystemMessage("You answer briefly."),
                new org.springframework.ai.chat.messages.UserMessage(QUESTION)));
        var whole = model.call(prompt);
        assertThat(whole.getResult().getOutput().getText())
                .isEqualTo(langChain4jAnswer().aiMessage().text());
        assertThat(whole.getMetadata().getUsage().getCacheReadInputTokens()).isNotNull();
        var chunks = model.stream(prompt).collectList().block(Duration.ofMinutes(1));
        StringBuilder streamed = new StringBuilder();
        chunks.forEach(chunk -> streamed.append(chunk.getResult().getOutput().getText()));
        assertThat(streamed).hasToString(whole.getResult().getOutput().getText());
        assertThat(chunks.getLast().getMetadata().getUsage().getCompletionTokens())
                .isEqualTo(whole.getMetadata().getUsage().getCompletionTokens());
        assertThat(chunks.getLast().getResult().getMetadata().getFinishReason()).isIn("stop", "length");
    }

    @Test
    void springAiKeepsTheConversation() {
        var model = dev.contexture.provider.springai.ContextureChatModel.of(service);
        var prompt = new Prompt(
                List.of(
                        new org.springframework.ai.chat.messages.UserMessage("My name is Ada."),
                        new AssistantMessage("Hello Ada!"),
                        new org.springframework.ai.chat.messages.UserMessage("What is my name?")),
                ChatOptions.builder().maxTokens(1).build());
        List<Map<String, Object>> messages = List.of(
                Map.of("role", "user", "content", "My name is Ada."),
                Map.of("role", "assistant", "content", "Hello Ada!"),
                Map.of("role", "user", "content", "What is my name?"));
        int[] tokens = service.tokenize(new dev.contexture.session.Prompt.Chat(messages, Map.of()))
                .block(Duration.ofSeconds(10));
        assertThat(model.call(prompt).getMetadata().getUsage().getPromptTokens())
                .isEqualTo(tokens.length);
        assertThatThrownBy(() -> model.call(new Prompt(
                        QUESTION, ChatOptions.builder().temperature(9.0).build())))
                .isInstanceOf(ContextureException.class)
                .hasMessageContaining("temperature");
    }

    @Test
    void springAiCancelReachesTheEngine() throws InterruptedException {
        var model = new dev.contexture.provider.springai.ContextureChatModel(
                EmbeddedClient.of(service),
                ChatOptions.builder().temperature(1.5).maxTokens(6000).build());
        model.stream(new Prompt(QUESTION)).take(2).blockLast(Duration.ofMinutes(1));
        Idle.await(loop);
    }
}
