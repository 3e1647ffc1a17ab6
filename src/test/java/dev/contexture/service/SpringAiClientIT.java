package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.testing.DefaultModel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.ai.chat.metadata.Usage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.openai.OpenAiChatModel;
import org.springframework.ai.openai.OpenAiChatOptions;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/** Spring AI's OpenAI client. */
@ServiceTest
class SpringAiClientIT {
    private static final String QUESTION = "Name the capital of France.";
    private static final Duration TIMEOUT = Duration.ofMinutes(1);

    @LocalServerPort
    private int port;

    @Autowired
    private SchedulerLoop loop;

    private OpenAiChatOptions.Builder options() {
        OpenAiChatOptions.Builder options = OpenAiChatOptions.builder();
        options.baseUrl("http://localhost:" + port + "/v1");
        options.apiKey("none-needed");
        options.maxRetries(0);
        options.model(DefaultModel.ID);
        options.temperature(0.0);
        options.streamUsage(true);
        return options;
    }

    private static ChatModel model(OpenAiChatOptions.Builder options) {
        return OpenAiChatModel.builder().options(options.build()).build();
    }

    private OpenAiChatOptions.Builder shortAnswer() {
        OpenAiChatOptions.Builder options = options();
        options.maxTokens(24);
        return options;
    }

    @Test
    void answersWholeAndStreamed() {
        ChatResponse whole = model(shortAnswer()).call(new Prompt(QUESTION));
        String text = whole.getResult().getOutput().getText();
        assertThat(text).contains("Paris");
        Usage usage = whole.getMetadata().getUsage();
        assertThat(usage.getPromptTokens()).isPositive();

        List<ChatResponse> chunks =
                model(shortAnswer()).stream(new Prompt(QUESTION)).collectList().block(TIMEOUT);
        StringBuilder streamed = new StringBuilder();
        for (ChatResponse chunk : chunks) {
            if (chunk.getResult() != null && chunk.getResult().getOutput().getText() != null) {
                streamed.append(chunk.getResult().getOutput().getText());
            }
        }
        assertThat(streamed).hasToString(text);
        assertThat(chunks)
                .anySatisfy(chunk -> assertThat(chunk.getMetadata().getUsage().getCompletionTokens())
                        .isEqualTo(usage.getCompletionTokens()));
    }

    @Test
    void stops() {
        OpenAiChatOptions.Builder options = shortAnswer();
        options.stop(List.of("Paris"));
        ChatResponse stopped = model(options).call(new Prompt(QUESTION));
        assertThat(stopped.getResult().getOutput().getText()).doesNotContain("Paris");
        assertThat(stopped.getResult().getMetadata().getFinishReason()).isEqualToIgnoringCase("stop");
    }

    @Test
    void errorsAreThoseOfTheirKind() {
        OpenAiChatOptions.Builder unknown = shortAnswer();
        unknown.model("other");
        assertThatThrownBy(() -> model(unknown).call(new Prompt(QUESTION))).isInstanceOf(NotFoundException.class);
        OpenAiChatOptions.Builder hot = shortAnswer();
        hot.temperature(9.0);
        assertThatThrownBy(() -> model(hot).call(new Prompt(QUESTION)))
                .isInstanceOf(BadRequestException.class)
                .hasMessageContaining("temperature");
    }

    @Test
    void cancellingAStreamEndsTheGeneration() throws InterruptedException {
        OpenAiChatOptions.Builder endless = options();
        endless.maxTokens(6000);
        endless.logitBias(Map.of("2", -100));
        model(endless).stream(new Prompt(QUESTION)).take(5).blockLast(TIMEOUT);
        Idle.await(loop);
    }
}
