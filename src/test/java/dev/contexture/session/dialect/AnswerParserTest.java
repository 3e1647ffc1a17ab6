package dev.contexture.session.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.constrain.Constraint;
import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.constrain.Constraints;
import dev.contexture.session.dialect.AnswerPart.CallArguments;
import dev.contexture.session.dialect.AnswerPart.CallBegin;
import dev.contexture.session.dialect.AnswerPart.CallEnd;
import dev.contexture.testing.ByteTokens;
import dev.contexture.testing.MaskWalk;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
        assertThat(parser.append("}\n</tool")).containsExactly(new CallEnd(0, true));
        Spoken cut = inAllSplits(form, "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"b");
        assertThat(cut).isEqualTo(new Spoken("", "", List.of("f{\"a\": \"b"), List.of(CallOutcome.INCOMPLETE)));
        Spoken broken = inAllSplits(form, "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": b}}");
        assertThat(broken).isEqualTo(new Spoken("", "b}}", List.of("f{\"a\": "), List.of(CallOutcome.MALFORMED)));
    }

    @ParameterizedTest
    @EnumSource
    void noMoreCallsThanMayBe(CallFormat format) {
        List<ToolDefinition> tools = List.of(ToolDefinition.of("f", "", Map.of()));
        ToolUse one = new ToolUse(tools, ToolChoice.AUTO, false);
        ConstraintSpec.Pieces calls = (ConstraintSpec.Pieces) format.calls(one);
        String first = calls.before() + calls.pieces().getFirst().before() + "{}}";
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

    /** What an answer is held to and what a parser reads are one format: whatever may be drawn is calls and nothing else. */
    @ParameterizedTest
    @EnumSource
    void heldAnswersAreCalls(CallFormat format) {
        Map<String, Object> tree = Map.of(
                "type",
                "object",
                "properties",
                Map.of("s", Map.of("type", "string"), "of", Map.of("type", "array", "items", Map.of("$ref", "#"))));
        List<ToolDefinition> tools = List.of(
                ToolDefinition.of("clock", "", Map.of()),
                ToolDefinition.of("tree", "", tree),
                ToolDefinition.of("clock-2", "", Map.of("type", "object")));
        ByteTokens tokens = new ByteTokens();
        Constraints constraints = new Constraints(tokens, Runnable::run, () -> 0);
        for (ToolChoice choice : List.of(ToolChoice.REQUIRED, new ToolChoice.Named("tree"))) {
            for (boolean parallel : new boolean[] {true, false}) {
                AnswerForm form = Spoken.form(format, ArgumentDelivery.CHECKED, new ToolUse(tools, choice, parallel));
                Constraint held =
                        constraints.compile(form.held(Optional.empty()).orElseThrow());
                Set<Integer> counts = new HashSet<>();
                for (int seed = 0; seed < 100; seed++) {
                    String text = new MaskWalk(tokens, seed, 10 + seed).text(held);
                    Spoken spoken = Spoken.of(form, List.of(text));
                    assertThat(spoken.text()).as(text).isEmpty();
                    assertThat(spoken.outcomes())
                            .as(text)
                            .isNotEmpty()
                            .allMatch(outcome -> outcome == CallOutcome.COMPLETE);
                    assertThat(spoken.calls()).as(text).allMatch(call -> isOf(call, choice));
                    counts.add(spoken.calls().size());
                }
                boolean several = parallel && choice == ToolChoice.REQUIRED;
                assertThat(counts).as("%s %s", choice, parallel).contains(1);
                assertThat(counts.size() > 1).isEqualTo(several);
            }
        }
    }

    private static boolean isOf(String call, ToolChoice choice) {
        String name = call.substring(0, call.indexOf('{'));
        String arguments = call.substring(name.length());
        return switch (name) {
            case "clock" -> choice == ToolChoice.REQUIRED && arguments.matches("\\{\\s*}");
            case "clock-2" -> choice == ToolChoice.REQUIRED;
            case "tree" -> !arguments.matches("(?s)\\{\\s*\"(?!s|of).*");
            default -> false;
        };
    }

    /** Their heads are alike, so many ways are open for long. */
    @ParameterizedTest
    @EnumSource
    void asManyToolsAsMayBe(CallFormat format) {
        List<ToolDefinition> tools = new ArrayList<>();
        for (int i = 0; i < ToolUse.MOST_TOOLS; i++) {
            Map<String, Object> argument = Map.of("a" + i, Map.of("const", i));
            tools.add(ToolDefinition.of(
                    "a_tool_" + i, "", Map.of("type", "object", "properties", argument, "required", List.of("a" + i))));
        }
        AnswerForm form = Spoken.form(format, ArgumentDelivery.CHECKED, new ToolUse(tools, ToolChoice.REQUIRED, true));
        ByteTokens tokens = new ByteTokens();
        Constraint held = new Constraints(tokens, Runnable::run, () -> 0)
                .compile(form.held(Optional.empty()).orElseThrow());
        Set<String> names = new HashSet<>();
        for (int seed = 0; seed < 50; seed++) {
            String text = new MaskWalk(tokens, seed, 500).text(held);
            for (String call : Spoken.of(form, List.of(text)).calls()) {
                assertThat(call).matches("(?s)a_tool_([0-9]+)\\{\\s*\"a\\1\": ?\\1\\s*}");
                names.add(call.substring(0, call.indexOf('{')));
            }
        }
        assertThat(names).hasSizeGreaterThan(30);
    }

    /** As deep as constraints let arguments be. */
    @Test
    void argumentsMayBeDeep() {
        AnswerForm form = Spoken.form(CallFormat.HERMES, ArgumentDelivery.CHECKED, TOOLS);
        for (int depth : new int[] {64, 65}) {
            String arguments = "{\"a\":" + "[".repeat(depth - 1) + "]".repeat(depth - 1) + "}";
            assertThat(Spoken.of(form, List.of("<tool_call>{\"name\":\"f\",\"arguments\":" + arguments + "}"))
                            .calls())
                    .hasSize(depth == 64 ? 1 : 0);
        }
    }

    private static AnswerForm thinking(boolean open, String... tools) {
        AnswerForm form = Spoken.form(CallFormat.HERMES, ArgumentDelivery.CHECKED, tools);
        return new AnswerForm(
                form.tools(), form.format(), form.delivery(), Optional.of(new ThinkTags("<think>", "</think>")), open);
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
