package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.core.FinishReason;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.SparsityOverrides;
import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.InferenceService;
import dev.contexture.session.InvalidPromptException;
import dev.contexture.session.Prompt;
import dev.contexture.testing.RandomSchemas;
import dev.contexture.testing.SchemaJudge;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/** The default model at temperature 1, held to formats, in one batch: all that finish are valid. */
@ServiceTest
class StructuredOutputIT {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final int SCHEMAS = 40;
    private static final int TOKENS = 220;

    @Autowired
    private InferenceService inference;

    @Autowired
    private SchedulerLoop loop;

    private record Answer(String text, FinishReason reason) {}

    private static GenerationRequest request(
            String schema, int choices, long seed, ConstraintSpec spec, String... stop) {
        return request(TOKENS, schema, choices, seed, spec, stop);
    }

    private static GenerationRequest request(
            int tokens, String schema, int choices, long seed, ConstraintSpec spec, String... stop) {
        return new GenerationRequest(
                        new Prompt.Chat(
                                List.of(Map.of(
                                        "role",
                                        "user",
                                        "content",
                                        "Make up an example of this JSON schema: " + schema)),
                                Map.of()),
                        OptionalInt.of(tokens),
                        List.of(stop),
                        choices,
                        new SamplingParams(1f, 0, 1f, 0f, 1f, 0f, 0f, Map.of(), seed, false, 0),
                        "tenant",
                        "",
                        SparsityOverrides.NONE)
                .constrained(spec);
    }

    private Map<Integer, Answer> answers(GenerationRequest request) {
        Map<Integer, StringBuilder> texts = new LinkedHashMap<>();
        Map<Integer, Answer> answers = new LinkedHashMap<>();
        for (GenerationEvent event : inference.generate(request).collectList().block(LONG)) {
            switch (event) {
                case GenerationEvent.Delta delta ->
                    texts.computeIfAbsent(delta.choice(), i -> new StringBuilder())
                            .append(delta.text());
                case GenerationEvent.Finished finished ->
                    answers.put(
                            finished.choice(),
                            new Answer(
                                    texts.getOrDefault(finished.choice(), new StringBuilder())
                                            .toString(),
                                    finished.reason()));
                case GenerationEvent.Part part -> throw new AssertionError(part);
                case GenerationEvent.Begun begun -> {}
                case GenerationEvent.Drawn drawn -> {}
                case GenerationEvent.Completed completed -> {}
            }
        }
        return answers;
    }

    @Test
    void allFinishedAnswersAreValid() {
        List<Map<Integer, Answer>> all = Flux.range(0, SCHEMAS)
                .flatMapSequential(
                        i -> Flux.defer(() -> {
                                    String schema = RandomSchemas.of(i);
                                    return Flux.just(answers(request(schema, 1, i, new ConstraintSpec.Schema(schema))));
                                })
                                .subscribeOn(reactor.core.scheduler.Schedulers.boundedElastic()),
                        8)
                .collectList()
                .block(LONG);
        int finished = 0;
        for (int i = 0; i < SCHEMAS; i++) {
            Answer answer = all.get(i).get(0);
            if (answer.reason == FinishReason.STOP) {
                finished++;
                assertThat(new SchemaJudge(RandomSchemas.of(i)).fault(answer.text))
                        .as("%s of %s", answer.text, RandomSchemas.of(i))
                        .isEmpty();
            } else {
                assertThat(answer.reason).as("the cut is said").isEqualTo(FinishReason.LENGTH);
            }
        }
        System.out.printf("Structured output: %d of %d finished, all of them valid%n", finished, SCHEMAS);
        assertThat(finished).isGreaterThan(SCHEMAS / 3);
    }

    @Test
    void eachChoiceHasAPlaceOfItsOwn() {
        String schema =
                "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\",\"maxLength\":20},\"people\":{\"type\":\"integer\",\"minimum\":1}},"
                        + "\"required\":[\"city\",\"people\"],\"additionalProperties\":false}";
        Map<Integer, Answer> choices = answers(request(schema, 4, 7, new ConstraintSpec.Schema(schema)));
        assertThat(choices).hasSize(4);
        assertThat(choices.values().stream().map(Answer::text).distinct().count())
                .isGreaterThan(1);
        choices.values().forEach(choice -> {
            assertThat(choice.reason).isEqualTo(FinishReason.STOP);
            assertThat(new SchemaJudge(schema).fault(choice.text))
                    .as(choice.text)
                    .isEmpty();
        });
    }

    @Test
    void anyObjectIsAnObject() {
        int finished = 0;
        Map<Integer, Answer> answers = answers(request("{\"type\":\"object\"}", 16, 1, new ConstraintSpec.AnyObject()));
        for (Answer answer : answers.values()) {
            assertThat(answer.text).startsWith("{");
            if (answer.reason == FinishReason.STOP) {
                finished++;
                assertThat(new SchemaJudge("{\"type\":\"object\"}").fault(answer.text))
                        .as(answer.text)
                        .isEmpty();
            }
        }
        assertThat(finished).as("of %s answers", answers.size()).isPositive();
    }

    @Test
    void piecesAreWithinTheirText() {
        ConstraintSpec.Piece call = new ConstraintSpec.Piece(
                "weather",
                "<tool_call>\n{\"name\": \"weather\", \"arguments\": ",
                "{\"type\":\"object\",\"properties\":{\"days\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":14}},\"required\":[\"days\"],\"additionalProperties\":false}",
                "}\n</tool_call>");
        Answer answer = answers(request("", 1, 3, new ConstraintSpec.Pieces(List.of(call), "\n", 1)))
                .get(0);
        assertThat(answer.reason).isEqualTo(FinishReason.STOP);
        assertThat(answer.text)
                .matches(
                        "(?s)<tool_call>\n\\{\"name\": \"weather\", \"arguments\": \\{.*\"days\": ?[0-9]{1,2}.*}}\n</tool_call>");
    }

    /** Here a thought ends with its first full stop, as this model knows no tags. */
    @Test
    void whatComesBehindAThoughtIsHeld() {
        String schema = "{\"enum\":[\"yes\",\"no\"]}";
        Map<Integer, Answer> choices = answers(request(
                "of a question",
                8,
                3,
                new ConstraintSpec.AfterThought("<", ".", true, new ConstraintSpec.Schema(schema))));
        int finished = 0;
        for (Answer answer : choices.values()) {
            if (answer.reason == FinishReason.STOP) {
                finished++;
                assertThat(answer.text).matches("(?s)[^.]+\\.( |\n\n?)?\"(yes|no)\"");
            } else {
                assertThat(answer.text).doesNotContain(".");
            }
        }
        assertThat(finished).as("of %s", choices).isPositive();
    }

    private void awaitRunning(int sequences) throws InterruptedException {
        Instant deadline = Instant.now().plus(Duration.ofSeconds(20));
        while (loop.stats().running() != sequences && Instant.now().isBefore(deadline)) {
            Thread.sleep(10);
        }
        assertThat(loop.stats().running()).isEqualTo(sequences);
    }

    @Test
    void cancellingEndsAConstrainedAnswer() throws InterruptedException {
        Idle.await(loop);
        // Minutes of work, if nobody ended it.
        Disposable subscription = inference
                .generate(request(
                        6000,
                        "{}",
                        2,
                        1,
                        new ConstraintSpec.Schema("{\"type\":\"array\",\"minItems\":1000,\"items\":{}}")))
                .subscribe();
        awaitRunning(2);
        subscription.dispose();
        awaitRunning(0);
        Idle.await(loop);
        assertThat(answers(request("{}", 1, 1, new ConstraintSpec.Schema("{\"const\":7}")))
                        .get(0))
                .isEqualTo(new Answer("7", FinishReason.STOP));
    }

    @Test
    void whatCannotBeHeldIsRefusedBeforeAnythingRuns() {
        assertThatThrownBy(() -> answers(request("", 1, 1, new ConstraintSpec.Schema("{\"not\":{}}"))))
                .isInstanceOfSatisfying(InvalidPromptException.class, e -> {
                    assertThat(e.param()).isEqualTo("response_format.json_schema.schema");
                    assertThat(e).hasMessageStartingWith("#/not: ");
                });
        assertThatThrownBy(() -> request("", 1, 1, new ConstraintSpec.AnyObject(), "}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("stop");
    }
}
