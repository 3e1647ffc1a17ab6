package dev.contexture.session.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.model.template.ChatTemplate;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** What is found out of a template, and what prompts it makes. */
class DialectProbeTest {
    private static final ThinkTags THINK = new ThinkTags("<think>", "</think>");

    private static ChatTemplate template(String style) {
        try (InputStream in = DialectProbeTest.class.getResourceAsStream("/golden/templates/" + style + ".jinja")) {
            return ChatTemplate.of(
                    new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8), "<s>", "</s>");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Dialect probe(String style) {
        return DialectProbe.of(template(style), DialectSettings.AUTO);
    }

    private static Dialect dialect(
            CallFormat format,
            Dialect.ToolPrompt tools,
            boolean several,
            boolean system,
            Optional<ThinkTags> thoughts) {
        return new Dialect(
                format, tools, Dialect.CallArguments.OBJECT, several, system, ArgumentDelivery.CHECKED, thoughts);
    }

    @Test
    void templatesOfTheFamilies() {
        Dialect.ToolPrompt own = Dialect.ToolPrompt.TEMPLATE;
        Dialect.ToolPrompt generic = Dialect.ToolPrompt.GENERIC;
        assertThat(probe("llama31")).isEqualTo(dialect(CallFormat.LLAMA, own, false, true, Optional.empty()));
        assertThat(probe("qwen25")).isEqualTo(dialect(CallFormat.HERMES, own, true, true, Optional.empty()));
        assertThat(probe("qwen3")).isEqualTo(dialect(CallFormat.HERMES, own, true, true, Optional.of(THINK)));
        assertThat(probe("mistral")).isEqualTo(dialect(CallFormat.MISTRAL, own, true, true, Optional.empty()));
        assertThat(probe("smollm2")).isEqualTo(dialect(CallFormat.HERMES, generic, true, true, Optional.empty()));
        assertThat(probe("gemma")).isEqualTo(dialect(CallFormat.HERMES, generic, true, false, Optional.empty()));
    }

    @Test
    void settingsWin() {
        DialectSettings settings = new DialectSettings(
                Optional.of(CallFormat.MISTRAL), ArgumentDelivery.AS_DRAWN, new DialectSettings.Thoughts.None());
        Dialect dialect = DialectProbe.of(template("qwen3"), settings);
        assertThat(dialect.format()).isEqualTo(CallFormat.MISTRAL);
        assertThat(dialect.delivery()).isEqualTo(ArgumentDelivery.AS_DRAWN);
        assertThat(dialect.thoughts()).isEmpty();
    }

    /** Some templates put arguments into the text as they are. */
    @Test
    void argumentsAsText() {
        ChatTemplate template = ChatTemplate.of("""
                {%- if tools %}{{ tools | tojson }}{% endif %}
                {%- for m in messages %}{{ m.role }}: {{ m.content }}
                {%- for c in m.tool_calls or [] %}<tool_call>{"name": "{{ c.function.name }}", "arguments": {{ "" + c.function.arguments }}}</tool_call>{% endfor %}
                {% endfor %}""", null, null);
        Dialect dialect = DialectProbe.of(template, DialectSettings.AUTO);
        assertThat(dialect.tools()).isEqualTo(Dialect.ToolPrompt.TEMPLATE);
        assertThat(dialect.arguments()).isEqualTo(Dialect.CallArguments.JSON_TEXT);
        String prompt = new ChatPrompts(template, dialect)
                .write(calledAndAnswered("abc"), tools(ToolChoice.AUTO), Map.of())
                .text();
        assertThat(prompt)
                .contains("<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"é\", \"b\": 2}}</tool_call>");
    }

    private static ToolUse tools(ToolChoice choice) {
        return new ToolUse(List.of(ToolDefinition.of("f", "Does it.", Map.of())), choice, true);
    }

    private static Map<String, Object> message(String role, String content) {
        return Map.of("role", role, "content", content);
    }

    private static List<Map<String, Object>> calledAndAnswered(String... ids) {
        Map<String, Object> arguments = new LinkedHashMap<>();
        arguments.put("a", "é");
        arguments.put("b", 2);
        List<Map<String, Object>> calls = java.util.Arrays.stream(ids)
                .map(id -> Map.<String, Object>of(
                        "id", id, "type", "function", "function", Map.of("name", "f", "arguments", arguments)))
                .toList();
        List<Map<String, Object>> messages = new java.util.ArrayList<>();
        messages.add(message("user", "Go."));
        messages.add(Map.of("role", "assistant", "content", "", "tool_calls", calls));
        for (String id : ids) {
            messages.add(Map.of("role", "tool", "content", "result of " + id, "tool_call_id", id));
        }
        return messages;
    }

    private static String prompt(String style, List<Map<String, Object>> messages, ToolUse tools) {
        return new ChatPrompts(template(style), probe(style))
                .write(messages, tools, Map.of())
                .text();
    }

    @Test
    void modelsWithoutToolsGetThemInPlainMessages() {
        String prompt = prompt("smollm2", calledAndAnswered("1", "2"), tools(ToolChoice.AUTO));
        assertThat(prompt)
                .startsWith("<|im_start|>system\nYou can call functions.")
                .contains(
                        "\n<tools>\n{\"type\": \"function\", \"function\": {\"name\": \"f\", \"description\": \"Does it.\", "
                                + "\"parameters\": {\"type\": \"object\", \"properties\": {}}}}\n</tools>\n")
                .endsWith("<|im_start|>user\nGo.<|im_end|>\n<|im_start|>assistant\n"
                        + ("<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"é\", \"b\": 2}}\n</tool_call>\n")
                                .repeat(2)
                                .stripTrailing()
                        + "<|im_end|>\n<|im_start|>user\n<tool_response>\nresult of 1\n</tool_response>\n"
                        + "<tool_response>\nresult of 2\n</tool_response><|im_end|>\n<|im_start|>assistant\n");
        List<Map<String, Object>> system = List.of(message("system", "Be brief."), message("user", "Go."));
        assertThat(prompt("smollm2", system, tools(ToolChoice.AUTO)))
                .startsWith("<|im_start|>system\nBe brief.\n\nYou can call functions.");
        assertThat(prompt("gemma", List.of(message("user", "Go.")), tools(ToolChoice.AUTO)))
                .contains("<start_of_turn>user\nYou can call functions.")
                .contains("answer in words.\n\nGo.");
    }

    @Test
    void withoutACallNothingSpeaksOfTools() {
        List<Map<String, Object>> ask = List.of(message("user", "Go."));
        for (String style : List.of("smollm2", "llama31", "qwen25", "qwen3", "mistral", "gemma")) {
            assertThat(prompt(style, ask, tools(ToolChoice.NONE))).isEqualTo(prompt(style, ask, ToolUse.NONE));
        }
    }

    /** Mistral's templates raise on others. */
    @Test
    void idsHaveNineCharactersForMistral() {
        String prompt = prompt("mistral", calledAndAnswered("call_0123456789abcdef01234567"), tools(ToolChoice.AUTO));
        String id = prompt.substring(prompt.indexOf("\"id\": \"") + 7, prompt.indexOf("\"id\": \"") + 16);
        assertThat(id).matches("[A-Za-z0-9]{9}");
        assertThat(prompt).contains("\"call_id\": \"" + id + "\"");
        assertThat(prompt("mistral", calledAndAnswered("abcdefgh9"), tools(ToolChoice.AUTO)))
                .contains("\"id\": \"abcdefgh9\"");
    }

    /** Whether a call must come is the answer's matter, not the prompt's. */
    @Test
    void promptsDoNotTellWhetherCallsAreForced() {
        List<Map<String, Object>> ask = List.of(message("user", "Go."));
        for (String style : List.of("smollm2", "llama31", "qwen25", "qwen3", "mistral", "gemma")) {
            for (ToolChoice choice : List.of(ToolChoice.REQUIRED, new ToolChoice.Named("f"))) {
                assertThat(prompt(style, ask, tools(choice))).isEqualTo(prompt(style, ask, tools(ToolChoice.AUTO)));
            }
        }
    }

    /** Templates of some models begin a thought in the prompt. */
    @Test
    void openThoughtsAreSeen() {
        String open = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant: <think>\n"
                + "{% if false %}</think>{% endif %}";
        ChatTemplate template = ChatTemplate.of(open, null, null);
        ChatPrompts prompts = new ChatPrompts(template, DialectProbe.of(template, DialectSettings.AUTO));
        List<Map<String, Object>> ask = List.of(message("user", "Go."));
        WrittenPrompt thinking = prompts.write(ask, ToolUse.NONE, Map.of());
        assertThat(thinking.answer().thinking()).isTrue();
        assertThat(Spoken.of(thinking.answer(), List.of("Hm.\n</think>\n\nNo.")))
                .isEqualTo(new Spoken("Hm.", "No.", List.of(), List.of()));
        WrittenPrompt off = new ChatPrompts(template("qwen3"), probe("qwen3"))
                .write(ask, ToolUse.NONE, Map.of("enable_thinking", false));
        assertThat(off.text()).endsWith("<think>\n\n</think>\n\n");
        assertThat(off.answer().thinking()).isFalse();
    }

    private static ConstraintSpec calls(ToolChoice choice, Dialect dialect) {
        return dialect.format().calls(tools(choice));
    }

    @Test
    void whatAnswersAreHeldTo() {
        Optional<ConstraintSpec> json = Optional.of(new ConstraintSpec.AnyObject());
        Optional<ConstraintSpec> nothing = Optional.empty();
        List<Map<String, Object>> ask = List.of(message("user", "Go."));
        for (String style : List.of("llama31", "qwen3")) {
            ChatPrompts prompts = new ChatPrompts(template(style), probe(style));
            Function<ToolUse, AnswerForm> form =
                    use -> prompts.write(ask, use, Map.of()).answer();
            UnaryOperator<ConstraintSpec> held = spec ->
                    style.equals("qwen3") ? new ConstraintSpec.AfterThought("<think>", "</think>", false, spec) : spec;
            assertThat(form.apply(ToolUse.NONE).held(nothing)).isEmpty();
            assertThat(form.apply(tools(ToolChoice.AUTO)).held(nothing)).isEmpty();
            assertThat(form.apply(ToolUse.NONE).held(json)).contains(held.apply(json.get()));
            assertThat(form.apply(tools(ToolChoice.NONE)).held(json)).contains(held.apply(json.get()));
            assertThat(form.apply(tools(ToolChoice.AUTO)).held(json))
                    .contains(held.apply(
                            new ConstraintSpec.Either(List.of(json.get(), calls(ToolChoice.AUTO, probe(style))))));
            ToolChoice named = new ToolChoice.Named("f");
            for (Optional<ConstraintSpec> format : List.of(json, nothing)) {
                assertThat(form.apply(tools(ToolChoice.REQUIRED)).held(format))
                        .contains(held.apply(calls(ToolChoice.REQUIRED, probe(style))));
                assertThat(form.apply(tools(named)).held(format)).contains(held.apply(calls(named, probe(style))));
            }
        }
    }

    @Test
    void resultsWithoutACallAreFound() {
        assertThat(ChatPrompts.firstUnaskedResult(calledAndAnswered("a"))).isEmpty();
        List<Map<String, Object>> messages = new java.util.ArrayList<>(calledAndAnswered("a"));
        messages.add(Map.of("role", "tool", "content", "x", "tool_call_id", "b"));
        assertThat(ChatPrompts.firstUnaskedResult(messages)).hasValue(3);
    }
}
