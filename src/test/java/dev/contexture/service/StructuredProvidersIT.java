package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.provider.ContextureException;
import dev.contexture.provider.langchain4j.ContextureChatModel;
import dev.contexture.provider.langchain4j.ContextureStreamingChatModel;
import dev.contexture.session.InferenceService;
import dev.contexture.testing.SchemaJudge;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.json.JsonAnyOfSchema;
import dev.langchain4j.model.chat.request.json.JsonArraySchema;
import dev.langchain4j.model.chat.request.json.JsonBooleanSchema;
import dev.langchain4j.model.chat.request.json.JsonEnumSchema;
import dev.langchain4j.model.chat.request.json.JsonIntegerSchema;
import dev.langchain4j.model.chat.request.json.JsonNullSchema;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonReferenceSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.converter.BeanOutputConverter;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.beans.factory.annotation.Autowired;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Formats of LangChain4j and Spring AI hold the default model at temperature 1. Its numbers may be too large for an int. */
@ServiceTest
class StructuredProvidersIT {
    private static final JsonMapper STRICT = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();
    private static final String QUESTION = "What will the weather be tomorrow in Rome? Answer in JSON.";
    private static final int TOKENS = 400;

    private static final SchemaJudge FORECAST = new SchemaJudge("""
            {"type": "object", "additionalProperties": false, "required": ["sky", "degrees", "windy", "hours"], "properties": {
              "sky": {"enum": ["CLEAR", "CLOUDS", "RAIN"]}, "degrees": {"type": "integer"}, "windy": {"type": "boolean"},
              "hours": {"type": "array", "maxItems": 3, "items": {"type": "integer", "minimum": 0, "maximum": 23}}}}
            """);

    private enum Sky {
        CLEAR,
        CLOUDS,
        RAIN
    }

    private record Forecast(Sky sky, long degrees, boolean windy, List<Integer> hours) {}

    @Autowired
    private InferenceService service;

    private static ChatRequest question(ResponseFormat format, String... stop) {
        return ChatRequest.builder()
                .messages(UserMessage.from(QUESTION))
                .parameters(ChatRequestParameters.builder()
                        .temperature(1.0)
                        .maxOutputTokens(TOKENS)
                        .stopSequences(stop)
                        .responseFormat(format)
                        .build())
                .build();
    }

    private static ResponseFormat format(JsonSchemaElement root) {
        return ResponseFormat.builder()
                .type(ResponseFormatType.JSON)
                .jsonSchema(
                        JsonSchema.builder().name("answer").rootElement(root).build())
                .build();
    }

    private String answer(JsonSchemaElement root) {
        ChatResponse response = ContextureChatModel.of(service).chat(question(format(root)));
        assertThat(response.finishReason()).isEqualTo(FinishReason.STOP);
        return response.aiMessage().text();
    }

    private static void requireForecast(String text) {
        assertThat(FORECAST.fault(text)).as(text).isEmpty();
        Forecast forecast = STRICT.readValue(text, Forecast.class);
        assertThat(forecast.sky).isNotNull();
        assertThat(forecast.hours).isNotNull();
    }

    @Test
    void langChain4jSaysThatSchemasAreHeld() {
        assertThat(ContextureChatModel.of(service).supportedCapabilities())
                .containsExactly(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
        assertThat(ContextureStreamingChatModel.of(service).supportedCapabilities())
                .containsExactly(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
    }

    /** Made from a type, fields are optional; and a free array may outlast the most tokens. */
    private static JsonSchemaElement forecast() {
        JsonObjectSchema made = (JsonObjectSchema) JsonSchemaElementUtils.jsonSchemaElementFrom(Forecast.class);
        return made.toBuilder()
                .required("sky", "degrees", "windy", "hours")
                .addProperty("hours", JsonRawSchema.from("""
                        {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 23}, "maxItems": 3}"""))
                .build();
    }

    @Test
    void langChain4jAnswersAreOfTheirType() throws Exception {
        for (int i = 0; i < 3; i++) {
            requireForecast(answer(forecast()));
        }
        CompletableFuture<ChatResponse> streamed = new CompletableFuture<>();
        StringBuilder partials = new StringBuilder();
        ContextureStreamingChatModel.of(service).chat(question(format(forecast())), new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String partial) {
                partials.append(partial);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                streamed.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                streamed.completeExceptionally(error);
            }
        });
        requireForecast(streamed.get(60, TimeUnit.SECONDS).aiMessage().text());
        requireForecast(partials.toString());
    }

    @Test
    void langChain4jSchemasOfAllKindsAreHeld() {
        JsonSchemaElement leaf = JsonAnyOfSchema.builder()
                .anyOf(
                        JsonEnumSchema.builder().enumValues("a", "b").build(),
                        new JsonNullSchema(),
                        new JsonBooleanSchema())
                .build();
        JsonSchemaElement root = JsonObjectSchema.builder()
                .addProperty(
                        "leaf", JsonReferenceSchema.builder().reference("leaf").build())
                .addProperty(
                        "pair",
                        JsonRawSchema.from("{\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/leaf\"},"
                                + " \"minItems\": 2, \"maxItems\": 2}"))
                .addProperty("count", new JsonIntegerSchema())
                .required("leaf", "pair")
                .definitions(Map.of("leaf", leaf))
                .build();
        SchemaJudge judge = new SchemaJudge("""
                {"type": "object", "additionalProperties": false, "required": ["leaf", "pair"], "properties": {
                  "leaf": {"enum": ["a", "b", null, true, false]}, "count": {"type": "integer"},
                  "pair": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"enum": ["a", "b", null, true, false]}}}}
                """);
        for (int i = 0; i < 3; i++) {
            String text = answer(root);
            assertThat(judge.fault(text)).as(text).isEmpty();
        }
        assertThat(answer(JsonRawSchema.from("{\"const\": 7}"))).isEqualTo("7");
    }

    @Test
    void langChain4jJsonWithoutASchemaIsAnObject() {
        ChatResponse response = ContextureChatModel.of(service).chat(question(ResponseFormat.JSON));
        String text = response.aiMessage().text();
        assertThat(text).startsWith("{");
        if (response.finishReason() == FinishReason.STOP) {
            assertThat(STRICT.readTree(text).isObject()).isTrue();
        } else {
            assertThat(response.finishReason()).isEqualTo(FinishReason.LENGTH);
        }
    }

    @Test
    void langChain4jFormatsThatCannotBeHeldAreInvalidRequests() {
        ContextureChatModel model = ContextureChatModel.of(service);
        assertInvalid(model, question(format(JsonRawSchema.from("{\"not\": {}}"))), "#/not");
        assertInvalid(
                model,
                question(format(JsonArraySchema.builder()
                        .items(JsonRawSchema.from("{\"type\":"))
                        .build())),
                "the schema is not JSON");
        assertInvalid(
                model,
                question(format(
                        JsonReferenceSchema.builder().reference("missing").build())),
                "missing");
        assertInvalid(model, question(ResponseFormat.JSON, "}"), "stop");
    }

    private static void assertInvalid(ContextureChatModel model, ChatRequest request, String words) {
        assertThatThrownBy(() -> model.chat(request))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining(words);
    }

    private static Prompt prompt(String schema) {
        return new Prompt(
                QUESTION,
                StructuredOutputChatOptions.builder()
                        .outputSchema(schema)
                        .temperature(1.0)
                        .maxTokens(TOKENS)
                        .build());
    }

    private record Day(Sky sky, long degrees, boolean windy) {}

    @Test
    void springAiAnswersAreOfTheirType() {
        var model = dev.contexture.provider.springai.ContextureChatModel.of(service);
        assertThat(model.getOptions()).isInstanceOf(StructuredOutputChatOptions.class);
        BeanOutputConverter<Day> converter = new BeanOutputConverter<>(Day.class);
        for (int i = 0; i < 3; i++) {
            String text = model.call(prompt(converter.getJsonSchema()))
                    .getResult()
                    .getOutput()
                    .getText();
            assertThat(new SchemaJudge(converter.getJsonSchema()).fault(text))
                    .as(text)
                    .isEmpty();
            assertThat(converter.convert(text).sky).isNotNull();
        }
        StringBuilder streamed = new StringBuilder();
        model.stream(prompt(converter.getJsonSchema()))
                .toIterable()
                .forEach(chunk -> streamed.append(chunk.getResult().getOutput().getText()));
        assertThat(STRICT.readValue(streamed.toString(), Day.class).sky).isNotNull();
        assertThatThrownBy(() -> model.call(prompt("{\"not\": {}}")))
                .isInstanceOf(ContextureException.class)
                .hasMessageContaining("#/not");
    }
}
