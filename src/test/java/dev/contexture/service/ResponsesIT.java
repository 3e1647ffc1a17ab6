package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.testing.DefaultModel;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import tools.jackson.databind.JsonNode;

/** Responses on the wire, with the default model. */
class ResponsesIT extends ResponseCalls {
    @Autowired
    private SchedulerLoop loop;

    @Test
    void aResponseHasOpenAisShapeAndIsToldAgain() throws Exception {
        JsonNode made = create(Map.of("instructions", "You are brief.", "metadata", Map.of("topic", "rivers")));
        assertThat(made.path("id").asString()).matches("resp_[0-9a-f]{24}");
        assertThat(made.path("object").asString()).isEqualTo("response");
        assertThat(made.path("status").asString()).isIn("completed", "incomplete");
        assertThat(made.path("model").asString()).isEqualTo(DefaultModel.ID);
        assertThat(made.path("created_at").asLong()).isPositive();
        assertThat(made.at("/output/0/id").asString()).startsWith("msg_");
        assertThat(made.at("/output/0/role").asString()).isEqualTo("assistant");
        assertThat(made.at("/output/0/content/0/type").asString()).isEqualTo("output_text");
        assertThat(made.at("/output/0/content/0/annotations").isArray()).isTrue();
        assertThat(text(made)).isNotBlank();
        assertThat(made.at("/usage/input_tokens").asInt()).isPositive();
        assertThat(made.at("/usage/output_tokens").asInt()).isBetween(1, 24);
        assertThat(made.at("/usage/input_tokens_details").has("cached_tokens")).isTrue();
        assertThat(made.at("/usage/output_tokens_details/reasoning_tokens").isInt())
                .isTrue();
        assertThat(made.at("/usage/total_tokens").asInt())
                .isEqualTo(made.at("/usage/input_tokens").asInt()
                        + made.at("/usage/output_tokens").asInt());
        for (String field : List.of(
                "error",
                "incomplete_details",
                "previous_response_id",
                "user",
                "tools",
                "tool_choice",
                "text",
                "top_p")) {
            assertThat(made.has(field)).as(field).isTrue();
        }
        assertThat(made.path("store").asBoolean()).isTrue();
        JsonNode again = ok(get(FIRST, path(made)));
        for (String field : List.of("id", "status", "output", "metadata", "instructions", "created_at")) {
            assertThat(again.get(field)).as(field).isEqualTo(made.get(field));
        }
        assertThat(again.at("/usage/input_tokens")).isEqualTo(made.at("/usage/input_tokens"));
    }

    @Test
    void theLimitOfTokensMakesItIncomplete() throws Exception {
        JsonNode cut = create(Map.of("max_output_tokens", 2, "logit_bias", Map.of("2", -100)));
        assertThat(cut.path("status").asString()).isEqualTo("incomplete");
        assertThat(cut.at("/incomplete_details/reason").asString()).isEqualTo("max_output_tokens");
        assertThat(cut.at("/output/0/status").asString()).isEqualTo("incomplete");
        assertThat(cut.path("completed_at").isNull()).isTrue();
    }

    /** The chain's second answer is that of one chat with the same messages, and computes only what is new. */
    @Test
    void aChainIsAConversationThatReusesWhatWasComputed() throws Exception {
        JsonNode first = create(Map.of("input", "word ".repeat(300) + "Name a river in France."));
        JsonNode second = create(Map.of(
                "input",
                "And one in Spain?",
                "previous_response_id",
                first.path("id").asString()));
        assertThat(second.at("/usage/input_tokens_details/cached_tokens").asInt())
                .isGreaterThan(first.at("/usage/input_tokens").asInt() - 34);
        assertThat(second.path("previous_response_id")).isEqualTo(first.path("id"));
        JsonNode whole = create(
                SECOND,
                Map.of(
                        "store",
                        false,
                        "input",
                        List.of(
                                Map.of("role", "user", "content", "word ".repeat(300) + "Name a river in France."),
                                Map.of(
                                        "type",
                                        "message",
                                        "role",
                                        "assistant",
                                        "content",
                                        List.of(Map.of("type", "output_text", "text", text(first)))),
                                Map.of(
                                        "role",
                                        "user",
                                        "content",
                                        List.of(Map.of("type", "input_text", "text", "And one in Spain?"))))));
        assertThat(whole.at("/usage/input_tokens").asInt())
                .isBetween(
                        second.at("/usage/input_tokens").asInt() - 8,
                        second.at("/usage/input_tokens").asInt() + 8);
        JsonNode fork = create(Map.of(
                "input",
                "And one in Italy?",
                "previous_response_id",
                first.path("id").asString()));
        assertThat(fork.at("/usage/input_tokens_details/cached_tokens").asInt())
                .isGreaterThan(first.at("/usage/input_tokens").asInt() - 34);
        assertThat(fork.at("/usage/input_tokens").asInt())
                .isLessThan(second.at("/usage/input_tokens").asInt() + 8);
    }

    @Test
    void eventsAreTypedNumberedAndInOrder() throws Exception {
        JsonNode whole = create(Map.of());
        HttpResponse<Stream<String>> response = stream(Map.of());
        assertThat(response.headers().firstValue("content-type").orElseThrow()).startsWith("text/event-stream");
        List<String> lines = response.body().toList();
        List<String> names = lines.stream()
                .filter(line -> line.startsWith("event: "))
                .map(line -> line.substring("event: ".length()))
                .toList();
        List<JsonNode> events = Client.events(lines);
        assertThat(events).hasSameSizeAs(names);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < events.size(); i++) {
            assertThat(events.get(i).path("type").asString()).isEqualTo(names.get(i));
            assertThat(events.get(i).path("sequence_number").asInt()).isEqualTo(i);
            text.append(events.get(i).path("delta").asString(""));
        }
        assertThat(names.stream().distinct().toList())
                .containsExactly(
                        "response.created",
                        "response.in_progress",
                        "response.output_item.added",
                        "response.content_part.added",
                        "response.output_text.delta",
                        "response.output_text.done",
                        "response.content_part.done",
                        "response.output_item.done",
                        "response." + whole.path("status").asString());
        assertThat(text).hasToString(text(whole));
        JsonNode last = events.getLast().path("response");
        assertThat(text(last)).isEqualTo(text(whole));
        assertThat(last.at("/output/0/id").asString())
                .isEqualTo(events.get(4).path("item_id").asString());
        assertThat(last.at("/usage/output_tokens")).isEqualTo(whole.at("/usage/output_tokens"));
        assertThat(ok(get(FIRST, path(last))).path("output")).isEqualTo(last.path("output"));
    }

    /** It ends within a step, keeps what was said, and cannot be gone on from or cancelled again. */
    @Test
    void aRunningOneIsCancelled() throws Exception {
        HttpResponse<Stream<String>> response =
                stream(Map.of("max_output_tokens", 6000, "logit_bias", Map.of("2", -100)));
        Iterator<String> lines = response.body().iterator();
        List<String> read = new ArrayList<>();
        while (Client.events(read).size() < 8) {
            read.add(lines.next());
        }
        String path = path(Client.events(read).getFirst().path("response"));
        assertThat(ok(get(FIRST, path)).path("status").asString()).isEqualTo("in_progress");
        assertThat(post(SECOND, path + "/cancel", "").statusCode()).isEqualTo(404);
        assertThat(refused(409, delete(FIRST, path)).path("code").asString()).isEqualTo("response_busy");
        JsonNode cancelled = ok(post(FIRST, path + "/cancel", ""));
        assertThat(cancelled.path("status").asString()).isEqualTo("cancelled");
        lines.forEachRemaining(read::add);
        JsonNode last = Client.events(read).getLast();
        assertThat(last.path("type").asString()).isEqualTo("response.incomplete");
        assertThat(last.at("/response/status").asString()).isEqualTo("cancelled");
        assertThat(last.at("/response/output")).isEqualTo(cancelled.path("output"));
        Idle.await(loop);
        assertThat(ok(get(FIRST, path)).path("output")).isEqualTo(cancelled.path("output"));
        assertThat(refused(400, post(FIRST, path + "/cancel", "")).path("code").asString())
                .isEqualTo("response_ended");
        assertThat(refused(
                                400,
                                post(
                                        FIRST,
                                        "/v1/responses",
                                        body(Map.of(
                                                "previous_response_id",
                                                cancelled.path("id").asString()))))
                        .path("message")
                        .asString())
                .contains("cancelled");
    }

    @Test
    void inputItemsAreListedInPages() throws Exception {
        List<Object> input = new ArrayList<>();
        input.add(Map.of("role", "developer", "content", "Be brief."));
        for (int i = 0; i < 4; i++) {
            input.add(Map.of("role", i % 2 == 0 ? "user" : "assistant", "content", "message " + i));
        }
        input.add(Map.of("type", "message", "role", "user", "content", "last"));
        JsonNode made = create(Map.of("input", input));
        List<String> texts = new ArrayList<>();
        String after = "";
        boolean more = true;
        while (more) {
            JsonNode page = ok(get(FIRST, path(made) + "/input_items?order=asc&limit=4" + after));
            page.path("data")
                    .forEach(item -> texts.add(item.at("/content/0/text").asString()));
            assertThat(page.path("first_id").asString())
                    .isEqualTo(page.at("/data/0/id").asString());
            after = "&after=" + page.path("last_id").asString();
            more = page.path("has_more").asBoolean();
        }
        assertThat(texts).containsExactly("Be brief.", "message 0", "message 1", "message 2", "message 3", "last");
        JsonNode latest = ok(get(FIRST, path(made) + "/input_items"));
        assertThat(latest.at("/data/0/content/0/text").asString()).isEqualTo("last");
        assertThat(latest.at("/data/1/content/0/type").asString()).isEqualTo("output_text");
        for (String wrong : List.of("limit=0", "limit=x", "order=up", "after=msg_1")) {
            String param = wrong.substring(0, wrong.indexOf('='));
            assertThat(refused(400, get(FIRST, path(made) + "/input_items?" + wrong))
                            .path("param")
                            .asString())
                    .isEqualTo(param);
        }
    }

    @Test
    void deletedAndForeignOnesAreNotFound() throws Exception {
        JsonNode first = create(Map.of());
        JsonNode second = create(Map.of(
                "input", "Another?", "previous_response_id", first.path("id").asString()));
        for (String path : List.of(path(first), path(first) + "/input_items")) {
            assertThat(refused(404, get(SECOND, path)).path("code").asString()).isEqualTo("response_not_found");
        }
        assertThat(delete(SECOND, path(first)).statusCode()).isEqualTo(404);
        JsonNode foreign = refused(
                400,
                post(
                        SECOND,
                        "/v1/responses",
                        body(Map.of("previous_response_id", first.path("id").asString()))));
        assertThat(foreign.path("code").asString()).isEqualTo("previous_response_not_found");
        assertThat(foreign.path("param").asString()).isEqualTo("previous_response_id");
        JsonNode gone = ok(delete(FIRST, path(first)));
        assertThat(gone.path("deleted").asBoolean()).isTrue();
        assertThat(get(FIRST, path(first)).statusCode()).isEqualTo(404);
        assertThat(create(Map.of(
                                "input",
                                "More?",
                                "previous_response_id",
                                second.path("id").asString()))
                        .at("/usage/input_tokens")
                        .asInt())
                .as("the conversation goes on without the record of its beginning")
                .isGreaterThan(second.at("/usage/input_tokens").asInt());
        assertThat(get(FIRST, "/v1/responses/resp_x").statusCode()).isEqualTo(404);
    }

    @Test
    void aTurnOfASession() throws Exception {
        String session = ok(post(FIRST, "/v1/sessions", "{\"model\": \"" + DefaultModel.ID + "\"}"))
                .path("id")
                .asString();
        JsonNode first = create(Map.of("session_id", session));
        assertThat(first.path("session_id").asString()).isEqualTo(session);
        assertThat(first.at("/contexture/session/turn").asInt()).isEqualTo(1);
        JsonNode second = create(Map.of("session_id", session, "input", "Another?", "store", false));
        assertThat(second.at("/contexture/session/turn").asInt()).isEqualTo(2);
        assertThat(refused(
                                400,
                                post(
                                        FIRST,
                                        "/v1/responses",
                                        body(Map.of(
                                                "previous_response_id",
                                                first.path("id").asString()))))
                        .path("message")
                        .asString())
                .contains(session);
        assertThat(post(SECOND, "/v1/responses", body(Map.of("session_id", session)))
                        .statusCode())
                .isEqualTo(404);
    }

    @Test
    void sessionsAndResponsesAreErasedTogether() throws Exception {
        JsonNode made = create(SECOND, Map.of());
        JsonNode erased = ok(delete(SECOND, "/v1/sessions"));
        assertThat(erased.path("responses").asInt()).isEqualTo(1);
        assertThat(get(SECOND, path(made)).statusCode()).isEqualTo(404);
    }

    @Test
    void theOldestGoesWhenThereAreTooMany() throws Exception {
        JsonNode oldest = create(Map.of("max_output_tokens", 1));
        for (int i = 0; i < 40; i++) {
            create(Map.of("max_output_tokens", 1, "input", "x" + i));
        }
        assertThat(refused(404, get(FIRST, path(oldest))).path("message").asString())
                .contains("to make room");
    }
}
