package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.responses.FunctionTool;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseFormatTextJsonSchemaConfig;
import com.openai.models.responses.ResponseFunctionToolCall;
import com.openai.models.responses.ResponseInputItem;
import com.openai.models.responses.ResponseStatus;
import com.openai.models.responses.ResponseStreamEvent;
import com.openai.models.responses.ResponseTextConfig;
import com.openai.models.responses.ToolChoiceOptions;
import com.openai.models.responses.inputitems.InputItemListPage;
import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.testing.DefaultModel;
import dev.contexture.testing.LocalOpenAi;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/** Responses by OpenAI's own Java client, which checks every field of what it reads. */
@ServiceTest
class OpenAiJavaResponsesIT {
    @LocalServerPort
    private int port;

    @Autowired
    private SchedulerLoop loop;

    private OpenAIClient client = client(1);

    private static OpenAIClient client(int port) {
        return LocalOpenAi.at(port).responseValidation(true).build();
    }

    @BeforeEach
    void connect() {
        client = client(port);
    }

    @AfterEach
    void disconnect() {
        client.close();
    }

    private static ResponseCreateParams.Builder question() {
        return ResponseCreateParams.builder()
                .model(DefaultModel.ID)
                .temperature(0.0)
                .maxOutputTokens(24)
                .instructions("You answer briefly.")
                .input("Name the capital of France.");
    }

    private static String text(Response response) {
        return response.output()
                .getFirst()
                .asMessage()
                .content()
                .getFirst()
                .asOutputText()
                .text();
    }

    @Test
    void createsRetrievesGoesOnAndDeletes() {
        Response first = client.responses().create(question().build());
        assertThat(text(first)).contains("Paris");
        assertThat(first.usage().orElseThrow().inputTokensDetails().cachedTokens())
                .isNotNegative();
        assertThat(text(client.responses().retrieve(first.id()))).isEqualTo(text(first));
        Response second = client.responses()
                .create(question()
                        .input("What did I ask?")
                        .previousResponseId(first.id())
                        .build());
        assertThat(second.previousResponseId()).contains(first.id());
        assertThat(second.usage().orElseThrow().inputTokens())
                .isGreaterThan(first.usage().orElseThrow().inputTokens());
        InputItemListPage items = client.responses().inputItems().list(second.id());
        assertThat(items.data())
                .singleElement()
                .satisfies(item -> assertThat(item.asResponseInputMessageItem()
                                .content()
                                .getFirst()
                                .asInputText()
                                .text())
                        .isEqualTo("What did I ask?"));
        assertThat(items.autoPager()).as("pages end").hasSize(1);
        assertThatThrownBy(() -> client.responses().cancel(second.id())).isInstanceOf(BadRequestException.class);
        client.responses().delete(second.id());
        assertThatThrownBy(() -> client.responses().retrieve(second.id())).isInstanceOf(NotFoundException.class);
        assertThatThrownBy(() -> client.responses()
                        .create(question().previousResponseId(second.id()).build()))
                .isInstanceOfSatisfying(
                        BadRequestException.class, e -> assertThat(e.code()).contains("previous_response_not_found"));
    }

    @Test
    void streamsWhatItAnswersWhole() {
        Response whole = client.responses().create(question().store(false).build());
        ResponseAccumulator accumulator = ResponseAccumulator.create();
        StringBuilder deltas = new StringBuilder();
        try (StreamResponse<ResponseStreamEvent> events =
                client.responses().createStreaming(question().build())) {
            events.stream()
                    .map(accumulator::accumulate)
                    .forEach(event -> event.outputTextDelta().ifPresent(delta -> deltas.append(delta.delta())));
        }
        assertThat(deltas).hasToString(text(whole));
        assertThat(text(accumulator.response())).isEqualTo(text(whole));
        assertThat(accumulator.response().usage().orElseThrow().outputTokens())
                .isEqualTo(whole.usage().orElseThrow().outputTokens());
    }

    @Test
    void answersAValueOfASchema() {
        Response response = client.responses()
                .create(question()
                        .text(ResponseTextConfig.builder()
                                .format(ResponseFormatTextJsonSchemaConfig.builder()
                                        .name("days")
                                        .strict(true)
                                        .schema(ResponseFormatTextJsonSchemaConfig.Schema.builder()
                                                .putAdditionalProperty("type", JsonValue.from("integer"))
                                                .putAdditionalProperty("minimum", JsonValue.from(1))
                                                .putAdditionalProperty("maximum", JsonValue.from(31))
                                                .build())
                                        .build())
                                .build())
                        .input("How many days has June?")
                        .build());
        assertThat(response.status()).contains(ResponseStatus.COMPLETED);
        assertThat(Integer.parseInt(text(response))).isBetween(1, 31);
        ResponseFormatTextJsonSchemaConfig told =
                response.text().orElseThrow().format().orElseThrow().asJsonSchema();
        assertThat(told.name()).isEqualTo("days");
        assertThat(told.strict()).contains(true);
        assertThat(told.schema()._additionalProperties()).containsEntry("maximum", JsonValue.from(31));
    }

    /** Forced, so that a model that knows of no tools calls one. */
    @Test
    void callsAFunctionAndGoesOnFromItsOutput() {
        ResponseCreateParams.Builder asked = ResponseCreateParams.builder()
                .model(DefaultModel.ID)
                .temperature(0.0)
                .maxOutputTokens(120)
                .addTool(FunctionTool.builder()
                        .name("get_weather")
                        .description("The weather now")
                        .strict(true)
                        .parameters(FunctionTool.Parameters.builder()
                                .putAdditionalProperty("type", JsonValue.from("object"))
                                .putAdditionalProperty(
                                        "properties",
                                        JsonValue.from(Map.of("city", Map.of("type", "string", "maxLength", 20))))
                                .putAdditionalProperty("required", JsonValue.from(List.of("city")))
                                .build())
                        .build())
                .parallelToolCalls(false);
        ResponseCreateParams forced = asked.toolChoice(ToolChoiceOptions.REQUIRED)
                .input("How is the weather in Paris?")
                .build();
        ResponseAccumulator accumulator = ResponseAccumulator.create();
        StringBuilder deltas = new StringBuilder();
        try (StreamResponse<ResponseStreamEvent> events = client.responses().createStreaming(forced)) {
            events.stream()
                    .map(accumulator::accumulate)
                    .forEach(event ->
                            event.functionCallArgumentsDelta().ifPresent(delta -> deltas.append(delta.delta())));
        }
        Response first = accumulator.response();
        assertThat(first.status()).contains(ResponseStatus.COMPLETED);
        assertThat(first.tools())
                .singleElement()
                .satisfies(tool -> assertThat(tool.asFunction().name()).isEqualTo("get_weather"));
        assertThat(first.toolChoice().asOptions()).isEqualTo(ToolChoiceOptions.REQUIRED);
        assertThat(first.output()).hasSize(1);
        ResponseFunctionToolCall call = first.output().getFirst().asFunctionCall();
        assertThat(call.arguments()).isEqualTo(deltas.toString());
        assertThat(Client.json(call.arguments()).path("city").isString()).isTrue();
        assertThat(client.responses()
                        .create(forced.toBuilder().store(false).build())
                        .output()
                        .getFirst()
                        .asFunctionCall()
                        .arguments())
                .isEqualTo(call.arguments());
        Response second = client.responses()
                .create(asked.toolChoice(ToolChoiceOptions.NONE)
                        .previousResponseId(first.id())
                        .inputOfResponse(List.of(
                                ResponseInputItem.ofFunctionCallOutput(ResponseInputItem.FunctionCallOutput.builder()
                                        .callId(call.callId())
                                        .output("It rains in Paris.")
                                        .build())))
                        .build());
        assertThat(text(second)).isNotBlank();
        InputItemListPage items = client.responses().inputItems().list(second.id());
        assertThat(items.data())
                .singleElement()
                .satisfies(
                        item -> assertThat(item.asFunctionCallOutput().callId()).isEqualTo(call.callId()));
    }

    @Test
    void cancelsAStream() throws InterruptedException {
        ResponseCreateParams endless = question()
                .maxOutputTokens(6000)
                .putAdditionalBodyProperty("logit_bias", JsonValue.from(Map.of("2", -100)))
                .build();
        try (StreamResponse<ResponseStreamEvent> stream = client.responses().createStreaming(endless)) {
            Iterator<ResponseStreamEvent> events = stream.stream().iterator();
            String id = events.next().created().orElseThrow().response().id();
            Response cancelled = client.responses().cancel(id);
            assertThat(cancelled.status()).contains(ResponseStatus.CANCELLED);
            ResponseStreamEvent last = events.next();
            while (events.hasNext()) {
                last = events.next();
            }
            assertThat(last.incomplete().orElseThrow().response().status()).contains(ResponseStatus.CANCELLED);
        }
        Idle.await(loop);
    }
}
