package dev.contexture.session.responses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.session.DamagedSessionException;
import dev.contexture.session.dialect.ToolChoice;
import dev.contexture.session.responses.Response.ConversationPart;
import dev.contexture.session.responses.Response.TokenCounts;
import dev.contexture.session.responses.ResponseItem.FunctionCall;
import dev.contexture.session.responses.ResponseItem.FunctionCallOutput;
import dev.contexture.session.responses.ResponseItem.Message;
import dev.contexture.session.responses.ResponseItem.Reasoning;
import dev.contexture.session.responses.ResponseItem.Role;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ResponseCodecTest {
    private final ResponseCodec codec = new ResponseCodec();

    private static Response response(ResponseStatus status) {
        return new Response(
                "resp_1",
                "model",
                Instant.parse("2026-01-02T03:04:05.678Z"),
                Optional.of(Instant.parse("2026-01-02T03:04:06Z")),
                status,
                status == ResponseStatus.FAILED
                        ? Optional.of(new ResponseError("server_error", "it broke"))
                        : Optional.empty(),
                new ResponseSettings(
                        Optional.of("Be brief."),
                        status == ResponseStatus.COMPLETED
                                ? new AnswerFormat.JsonSchema(
                                        "it", Optional.of("a number"), "{\"type\":\"integer\"}", Optional.of(true))
                                : status == ResponseStatus.FAILED
                                        ? new AnswerFormat.JsonObject()
                                        : new AnswerFormat.Text(),
                        tools(status),
                        Optional.of("low"),
                        0.7f,
                        1,
                        Optional.of(40),
                        Map.of("k", "v"),
                        Optional.empty(),
                        Optional.of("s"),
                        Optional.empty()),
                List.of(
                        new Message("msg_1", Role.DEVELOPER, List.of("one", "two \u00e9"), true),
                        new FunctionCall("fc_1", "call", "weather", "{\"city\":\"Bern\"}", true),
                        new FunctionCallOutput("fco_1", "call", "rain")),
                List.of(
                        new Reasoning("rs_1", "They ask for the weather.", true),
                        new Message("msg_2", Role.ASSISTANT, List.of("It rains."), true),
                        new FunctionCall("fc_2", "call_2", "weather", "{\"ci", false)),
                Optional.of(new TokenCounts(10, 4, 3, 2)),
                Optional.of("resp_0"),
                Optional.empty(),
                Optional.of(new ConversationPart("cnv_1", 13)),
                true);
    }

    private static AskedTools tools(ResponseStatus status) {
        ToolChoice choice = switch (status) {
            case IN_PROGRESS -> ToolChoice.AUTO;
            case COMPLETED -> ToolChoice.REQUIRED;
            case INCOMPLETE -> ToolChoice.NONE;
            case FAILED, CANCELLED -> new ToolChoice.Named("weather");
        };
        return new AskedTools(
                List.of(
                        new AskedTools.Function(
                                "weather", Optional.of("Now"), Optional.of("{\"type\":\"object\"}"), Optional.of(true)),
                        new AskedTools.Function("clock", Optional.empty(), Optional.empty(), Optional.empty())),
                choice,
                status != ResponseStatus.COMPLETED);
    }

    @Test
    void whatIsWrittenIsRead() {
        for (ResponseStatus status : ResponseStatus.values()) {
            Response response = response(status);
            assertThat(codec.decode(codec.encode(response))).isEqualTo(response);
        }
    }

    @Test
    void whatIsNoneIsRefused() {
        assertThatThrownBy(() -> codec.decode("{".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(DamagedSessionException.class);
        assertThatThrownBy(() -> codec.decode("{\"version\":9}".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(DamagedSessionException.class)
                .hasMessageContaining("another release");
        String cut = new String(codec.encode(response(ResponseStatus.COMPLETED)), StandardCharsets.UTF_8)
                .replace("\"message\"", "\"image\"");
        assertThatThrownBy(() -> codec.decode(cut.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(DamagedSessionException.class);
    }
}
