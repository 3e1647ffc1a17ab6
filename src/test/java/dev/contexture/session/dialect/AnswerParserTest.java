package dev.contexture.session.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.session.dialect.AnswerPart.CallArguments;
import dev.contexture.session.dialect.AnswerPart.CallBegin;
import dev.contexture.session.dialect.AnswerPart.CallEnd;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every text is fed in all splits into two and three pieces, and letter by letter: the outcome is the same. */
class AnswerParserTest {
    private static final String[] TOOLS = {"f", "get_weather"};

    private static Spoken inAllSplits(AnswerForm form, String text) {
        Spoken whole = Spoken.of(form, List.of(text));
        assertThat(Spoken.of(form, List.of(text.split("")))).isEqualTo(whole);
        for (int i = 0; i <= text.length(); i++) {
            for (int j = i; j <= text.length(); j++) {
                List<String> pieces = List.of(text.substring(0, i), text.substring(i, j), text.substring(j));
                assertThat(Spoken.of(form, pieces))
                        .as("%d, %d of %s", i, j, text)
                        .isEqualTo(whole);
            }
        }
        return whole;
    }

    private static Spoken read(CallFormat format, String text) {
        Spoken drawn = inAllSplits(Spoken.form(format, ArgumentDelivery.AS_DRAWN, TOOLS), text);
        Spoken checked = inAllSplits(Spoken.form(format, ArgumentDelivery.CHECKED, TOOLS), text);
        if (drawn.outcomes().stream().allMatch(outcome -> outcome == CallOutcome.COMPLETE)) {
            assertThat(drawn).isEqualTo(checked);
        }
        return checked;
    }

    private static void isText(CallFormat format, String text, CallOutcome... outcomes) {
        assertThat(read(format, text)).isEqualTo(new Spoken("", text, List.of(), List.of(outcomes)));
    }

    private static void isCalls(CallFormat format, String text, String content, String... calls) {
        Spoken spoken = read(format, text);
        assertThat(spoken.text()).isEqualTo(content);
        assertThat(spoken.calls()).containsExactly(calls);
        assertThat(spoken.outcomes()).hasSize(calls.length).containsOnly(CallOutcome.COMPLETE);
    }

    @Test
    void hermesCalls() {
        CallFormat hermes = CallFormat.HERMES;
        isCalls(hermes, "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>", "", "f{\"a\": 1}");
        isCalls(
                hermes,
                "Let me look.\n\n<tool_call>{\"arguments\":{},\"name\":\"f\"}</tool_call>\n",
                "Let me look.",
                "f{}");
        isCalls(
                hermes,
                "<tool_call>\n{\"name\":\"f\",\"arguments\":{}}\n</tool_call>\n<tool_call>{\"name\":\"get_weather\",\"arguments\":{\"c\":[{}]}}",
                "",
                "f{}",
                "get_weather{\"c\":[{}]}");
        isCalls(
                hermes,
                "<tool_call>[{\"name\":\"f\",\"arguments\":{}}, {\"name\":\"f\"}]</tool_call>",
                "",
                "f{}",
                "f{}");
        isCalls(hermes, "<tool_call>{\"name\":\"f\"}</tool_call> Done.", " Done.", "f{}");
        isCalls(hermes, "a < b <tool<tool_call>{\"name\":\"f\"}", "a < b <tool", "f{}");
    }

    @Test
    void argumentsAreWhatWasWritten() {
        String arguments =
                "{ \"a\" : \"}\\\"<\\/tool_call>\\u00e9\\ud83d\\ude00\", \"b\": [-1.50e+3, true,null], \"日本\":\"😀\"}";
        isCalls(CallFormat.HERMES, "<tool_call>{\"name\":\"f\",\"arguments\":" + arguments + "}", "", "f" + arguments);
        isCalls(
                CallFormat.HERMES,
                "<tool_call>{\"name\":\"\\u0066\",\"arguments\":\"{\\\"a\\\": \\\"x\\\"}\"}",
                "",
                "f{\"a\": \"x\"}");
    }

    @Test
    void whatIsNoCallOfHermesIsText() {
        CallFormat hermes = CallFormat.HERMES;
        isText(hermes, "Write <tool_call> and </tool_call> around it.", CallOutcome.MALFORMED);
        isText(hermes, "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": oops}}</tool_call>", CallOutcome.MALFORMED);
        isText(hermes, "<tool_call>{\"name\": \"g\", \"arguments\": {}}</tool_call>", CallOutcome.UNKNOWN_TOOL);
        isText(hermes, "<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>", CallOutcome.MALFORMED);
        isText(hermes, "<tool_call>{\"name\": \"f\", \"arguments\": \"no\"}", CallOutcome.MALFORMED);
        isText(hermes, "<tool_call>{\"arguments\": {}}</tool_call>", CallOutcome.MALFORMED);
        isText(hermes, "Well.\n<tool_call>\n{\"name\": \"f\", \"argum", CallOutcome.INCOMPLETE);
        isText(hermes, "Well.\n<tool_call>\n", CallOutcome.MALFORMED);
        isText(hermes, "Well.\n<tool_c");
        isText(hermes, "Well.\n ");
        isText(hermes, "\n".repeat(70) + "<");
    }

    @Test
    void aGoodCallBehindABrokenOneIsACall() {
        String broken = "<tool_call>{\"name\": f}</tool_call>";
        Spoken spoken = read(CallFormat.HERMES, broken + "<tool_call>{\"name\":\"f\"}</tool_call>");
        assertThat(spoken.text()).isEqualTo(broken);
        assertThat(spoken.calls()).containsExactly("f{}");
        assertThat(spoken.outcomes()).containsExactly(CallOutcome.MALFORMED, CallOutcome.COMPLETE);
    }

    @Test
    void llamaCalls() {
        CallFormat llama = CallFormat.LLAMA;
        isCalls(llama, "{\"name\": \"f\", \"parameters\": {\"a\": \"b\"}}", "", "f{\"a\": \"b\"}");
        isCalls(llama, "<|python_tag|>{\"name\": \"f\", \"parameters\": {}}", "", "f{}");
        isCalls(llama, "\n{\"type\":\"function\",\"name\":\"f\",\"parameters\":{}}\n", "", "f{}");
        isCalls(
                llama,
                "{\"name\":\"f\",\"parameters\":{}}; {\"name\":\"get_weather\",\"parameters\":{\"c\":\"x\"}}",
                "",
                "f{}",
                "get_weather{\"c\":\"x\"}");
        isCalls(llama, "I call:\n{\"name\":\"f\",\"parameters\":{}}", "I call:", "f{}");
        isCalls(llama, "{\"name\":\"f\",\"arguments\":{}}\nok", "\nok", "f{}");
    }

    @Test
    void whatIsNoCallOfLlamaIsText() {
        CallFormat llama = CallFormat.LLAMA;
        isText(llama, "{\"answer\": {\"name\": \"f\", \"parameters\": {}}}");
        isText(llama, "{\"name\": \"Ada\", \"age\": 36}");
        isText(llama, "{\"name\": \"f\"}");
        isText(llama, "{}");
        isText(llama, "Use {\"name\": \"f\", \"parameters\": {}} so.");
        isText(llama, "{\"name\": \"g\", \"parameters\": {}}", CallOutcome.UNKNOWN_TOOL);
        isText(llama, "{\"name\": \"f\", \"parameters\": {}", CallOutcome.INCOMPLETE);
        isText(llama, "<|python_tag|>f.call(a=\"b\")", CallOutcome.MALFORMED);
    }

    @Test
    void mistralCalls() {
        CallFormat mistral = CallFormat.MISTRAL;
        isCalls(mistral, "[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {\"a\": [1]}}]", "", "f{\"a\": [1]}");
        isCalls(
                mistral,
                "Hm. [TOOL_CALLS][{\"name\":\"f\",\"arguments\":{},\"id\":\"abcdefghi\"}, {\"name\":\"f\"}]",
                "Hm.",
                "f{}",
                "f{}");
        isCalls(mistral, "[TOOL_CALLS]f[ARGS]{\"a\": 1}[TOOL_CALLS]get_weather{}", "", "f{\"a\": 1}", "get_weather{}");
        isCalls(mistral, "[TOOL_CALLS]f[CALL_ID]abc123XYZ[ARGS]{}", "", "f{}");
        isCalls(mistral, "[TOOL_CALLS] [{\"name\": \"f\"}", "", "f{}");
    }

    @Test
    void whatIsNoCallOfMistralIsText() {
        CallFormat mistral = CallFormat.MISTRAL;
        isText(mistral, "[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {}", CallOutcome.INCOMPLETE);
        isText(mistral, "[TOOL_CALLS] nothing, really", CallOutcome.MALFORMED);
        isText(mistral, "[TOOL_CALLS]g[ARGS]{}", CallOutcome.UNKNOWN_TOOL);
        isText(mistral, "[TOOL_CALLS]f[ARGS]{x}", CallOutcome.MALFORMED);
        isText(mistral, "[TOOL_CALLS]f", CallOutcome.MALFORMED);
        isText(mistral, "[1, 2] [TOOL");
    }

    /** They are not held back, and a call that breaks keeps what it has. */
    @Test
    void argumentsAsDrawn() {
        AnswerForm form = Spoken.form(CallFormat.HERMES, ArgumentDelivery.AS_DRAWN, TOOLS);
        AnswerParser parser = new AnswerParser(form, () -> "id", CallListener.NONE);
        assertThat(parser.append("<tool_call>{\"name\": \"f\", \"arguments\":")).isEmpty();
        assertThat(parser.append(" {\"a\""))
                .containsExactly(new CallBegin(0, "id", "f"), new CallArguments(0, "{\"a\""));
        assertThat(parser.append(": 1}")).containsExactly(new CallArguments(0, ": 1}"));
        assertThat(parser.append("}\n</tool")).containsExactly(new CallEnd(0));
        Spoken cut = inAllSplits(form, "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"b");
        assertThat(cut).isEqualTo(new Spoken("", "", List.of("f{\"a\": \"b"), List.of(CallOutcome.INCOMPLETE)));
        Spoken broken = inAllSplits(form, "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": b}}");
        assertThat(broken).isEqualTo(new Spoken("", "b}}", List.of("f{\"a\": "), List.of(CallOutcome.MALFORMED)));
    }

    @ParameterizedTest
    @EnumSource
    void noMoreCallsThanMayBe(CallFormat format) {
        List<ToolDefinition> tools = List.of(ToolDefinition.of("f", "", java.util.Map.of()));
        ToolUse one = new ToolUse(tools, ToolChoice.AUTO, false);
        String first =
                format.grammar(new ToolUse(tools, ToolChoice.REQUIRED, false)).begun() + " {}}";
        AnswerForm form = Spoken.form(format, ArgumentDelivery.CHECKED, one);
        Spoken spoken = inAllSplits(form, first + "\n" + first + " and so on");
        assertThat(spoken.calls()).containsExactly("f{}");
        assertThat(spoken.text()).isEmpty();
        AnswerParser parser = new AnswerParser(form, () -> "id", CallListener.NONE);
        parser.append(first.substring(0, first.length() - 1));
        assertThat(parser.isFull()).isFalse();
        parser.append("}");
        assertThat(parser.isFull()).isTrue();
    }

    /** What the prompt has of the answer, what a grammar adds and what a parser reads are one format. */
    @ParameterizedTest
    @EnumSource
    void forcedAnswersAreCalls(CallFormat format) {
        List<ToolDefinition> tools = List.of(
                ToolDefinition.of("f", "", java.util.Map.of()),
                ToolDefinition.of("get_weather", "", java.util.Map.of()));
        for (ToolChoice choice : List.of(ToolChoice.REQUIRED, new ToolChoice.Named("get_weather"))) {
            for (List<ToolDefinition> some : List.of(tools, tools.subList(1, 2))) {
                for (boolean parallel : new boolean[] {true, false}) {
                    ToolUse use = new ToolUse(some, choice, parallel);
                    CallGrammar grammar = format.grammar(use);
                    AnswerForm form = new AnswerForm(
                            use,
                            format,
                            ArgumentDelivery.CHECKED,
                            Optional.empty(),
                            false,
                            grammar.begun(),
                            Optional.of(grammar));
                    StringBuilder text = new StringBuilder();
                    List<String> expected = new ArrayList<>();
                    for (int i = 0; i < Math.min(3, grammar.most()); i++) {
                        CallGrammar.Piece piece =
                                grammar.pieces().get(i % grammar.pieces().size());
                        text.append(i == 0 ? "" : grammar.separator())
                                .append(piece.before())
                                .append("{\"i\": " + i + "}")
                                .append(piece.after());
                        expected.add(piece.name() + "{\"i\": " + i + "}");
                    }
                    Spoken spoken = Spoken.of(form, List.of(text.toString()));
                    assertThat(spoken.calls()).isEqualTo(expected);
                    assertThat(spoken.text()).isEmpty();
                }
            }
        }
    }

    private static AnswerForm thinking(boolean open, String... tools) {
        AnswerForm form = Spoken.form(CallFormat.HERMES, ArgumentDelivery.CHECKED, tools);
        return new AnswerForm(
                form.tools(),
                form.format(),
                form.delivery(),
                Optional.of(new ThinkTags("<think>", "</think>")),
                open,
                "",
                Optional.empty());
    }

    @Test
    void thoughtsAreApart() {
        assertThat(inAllSplits(thinking(false), "<think>\nSix < seven.\n\nYes.\n</think>\n\nSeven."))
                .isEqualTo(new Spoken("Six < seven.\n\nYes.", "Seven.", List.of(), List.of()));
        assertThat(inAllSplits(thinking(true), "\nSix.\n</think>\nSeven."))
                .isEqualTo(new Spoken("Six.", "Seven.", List.of(), List.of()));
        assertThat(inAllSplits(thinking(false), "<think>\n\n</think>\n\nSeven."))
                .isEqualTo(new Spoken("", "Seven.", List.of(), List.of()));
        assertThat(inAllSplits(thinking(true), "No end </thi"))
                .isEqualTo(new Spoken("No end </thi", "", List.of(), List.of()));
        assertThat(inAllSplits(thinking(false), " <<think>x</think>"))
                .isEqualTo(new Spoken("", " <<think>x</think>", List.of(), List.of()));
        assertThat(inAllSplits(thinking(false), "Say <think>."))
                .isEqualTo(new Spoken("", "Say <think>.", List.of(), List.of()));
        assertThat(inAllSplits(thinking(false), "<thi")).isEqualTo(new Spoken("", "<thi", List.of(), List.of()));
    }

    /** A call within a thought is a thought. */
    @Test
    void callsComeBehindThoughts() {
        String call = "<tool_call>{\"name\":\"f\"}</tool_call>";
        assertThat(inAllSplits(thinking(false, "f"), "<think>" + call + "</think>\n\n" + call))
                .isEqualTo(new Spoken(call, "", List.of("f{}"), List.of(CallOutcome.COMPLETE)));
    }
}
