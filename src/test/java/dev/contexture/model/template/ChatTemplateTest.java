package dev.contexture.model.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What callers of a chat template rely on; the language itself is covered by the golden files. */
class ChatTemplateTest {
    private static final List<Map<String, Object>> ASK = List.of(Map.of("role", "user", "content", "Hello"));

    private static String render(String template) {
        return ChatTemplate.of(template, "<s>", "</s>").render(ASK, List.of(), false, Map.of());
    }

    @Test
    void seesMessagesToolsSpecialTokensAndFurtherArguments() {
        ChatTemplate template = ChatTemplate.of(
                "{{ bos_token }}{{ messages[0].content }}{{ tools[0].name }}{{ add_generation_prompt }}{{ mood }}{{ eos_token }}",
                "<s>",
                "</s>");
        String text = template.render(ASK, List.of(Map.of("name", "clock")), true, Map.of("mood", "calm"));
        assertThat(text).isEqualTo("<s>HelloclockTruecalm</s>");
    }

    @Test
    void noToolsAreNoneAndMissingSpecialTokensUndefined() {
        ChatTemplate template = ChatTemplate.of(
                "{{ tools is none }} {{ bos_token is defined }} {{ eos_token is defined }}", null, null);
        assertThat(template.render(ASK, List.of(), false, Map.of())).isEqualTo("True False False");
    }

    @Test
    void argumentsWinOverSpecialTokens() {
        ChatTemplate template = ChatTemplate.of("{{ bos_token }}", "<s>", null);
        assertThat(template.render(ASK, List.of(), false, Map.of("bos_token", "<other>")))
                .isEqualTo("<other>");
    }

    @Test
    void chatMlWrapsEachMessageAndBeginsTheAnswer() {
        ChatTemplate template = ChatTemplate.chatMl("<|im_start|>", "<|im_end|>");
        List<Map<String, Object>> talk =
                List.of(Map.of("role", "system", "content", "Be brief."), Map.of("role", "user", "content", "  Hi \n"));
        assertThat(template.render(talk, List.of(), true, Map.of()))
                .isEqualTo("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n  Hi \n<|im_end|>\n"
                        + "<|im_start|>assistant\n");
        assertThat(template.render(talk.subList(0, 1), List.of(), false, Map.of()))
                .isEqualTo("<|im_start|>system\nBe brief.<|im_end|>\n");
    }

    @Test
    void acceptsAllJsonTypes() {
        Map<String, Object> message = new HashMap<>();
        message.put("role", "assistant");
        message.put("content", null);
        message.put("numbers", List.of(1, 2L, 1.5, 0.1f, new java.math.BigInteger("9".repeat(20))));
        message.put("flag", true);
        String text = ChatTemplate.of(
                        "{{ messages[0].content }} {{ messages[0].numbers|tojson }} {{ messages[0].flag }}", null, null)
                .render(List.of(message), List.of(), false, Map.of());
        assertThat(text).isEqualTo("None [1, 2, 1.5, 0.1, 99999999999999999999] True");
    }

    @Test
    void refusesObjectsThatAreNoJson() {
        ChatTemplate template = ChatTemplate.of("x", null, null);
        assertThatThrownBy(() -> template.render(ASK, List.of(), false, Map.of("clock", Clock.systemUTC())))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining("Clock");
    }

    @Test
    void tellsTheTimeByTheGivenClock() {
        Clock clock = Clock.fixed(Instant.parse("2027-01-02T23:59:58Z"), ZoneOffset.UTC);
        ChatTemplate template = ChatTemplate.of("{{ strftime_now('%d %b %Y %H:%M:%S') }}", null, null, clock);
        assertThat(template.render(ASK, List.of(), false, Map.of())).isEqualTo("02 Jan 2027 23:59:58");
    }

    @Test
    void aRefusalCarriesTheTemplatesOwnWords() {
        assertThatThrownBy(() -> render("a\n{{ raise_exception('No system role, please') }}"))
                .isInstanceOf(TemplateException.Raised.class)
                .hasMessage("No system role, please");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a\\n\\n{{ missing.x }}            | line 3 | 'missing' is undefined",
                "{% if true %}\\n{{ 1 + 'a' }}{% endif %} | line 2 | unsupported operand",
                "\\n{% for x in [1] %}\\n\\n{{ x.y.z }}{% endfor %} | line 4 | has no attribute 'y'",
                "{% macro m() %}\\n{{ 1 // 0 }}{% endmacro %}\\n{{ m() }} | line 2 | division by zero",
                "x\\n{{ 1 +* 2 }}               | line 2 | expected an expression",
                "\\n\\n{% if true %}\\nx         | line 3 | lacks its elif or else or endif",
                "`\\n{{ 'x'|nonesuch }}`        | line 2 | no filter 'nonesuch'",
                "\\n{% for x in y %}{% break %}{% endfor %}{% continue %} | line 2 | need a loop",
            })
    void failuresNameLineAndCause(String template, String line, String cause) {
        assertThatThrownBy(() -> render(template.replace("\\n", "\n")))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining("template " + line)
                .hasMessageContaining(cause);
    }

    /** Each of these would run for ages, fill the heap or overflow the stack. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
                "{{ 'x' * 999999999999 }}",
                "{{ [1] * 99999999 }}",
                "{% set n = namespace(x='abcdefgh') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
                "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
                "{% set n = namespace(x=[]) %}{% for i in range(99999) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x }}",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{% macro m() %}{{ m() ~ m() }}{% endmacro %}{{ m() }}",
                "{{ 9 ** 999999 ** 99 }}",
                "{{ 2 ** 99999999999999 }}",
                "{% set n = namespace(x=9) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}",
                "{{ range(999999999) }}",
                "{{ 'x'.ljust(999999999) }}",
                "{{ 'x'.center(999999999, '-') }}",
                "{{ '%999999999d' % 1 }}",
                "{{ '{:999999}'.format(1) }}",
                "{{ [1]|batch(999999999, 'x')|list }}",
                "{{ [1]|slice(999999999)|list }}",
                "{{ ('x' * 9999999)|replace('', 'yyyyyyyy') }}",
                "{{ [[1]]|tojson(indent=999999999) }}",
                "{{ ('x\n' * 999999)|indent(999) }}",
                "{% set big = 'x' * 9999999 %}{% for i in range(999) %}{{ big }}{% endfor %}",
                "{% set big = 'x' * 9999999 %}{% for i in range(99999) %}{% set y = big.upper() %}{% endfor %}",
                "{% set big = range(99999)|list %}{% for i in big %}{% if 'x' in big %}{% endif %}{% endfor %}",
                "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
            })
    void extravagantTemplatesAreStopped(String template) throws Exception {
        // On a small stack, as some pools have.
        List<Throwable> failures = new ArrayList<>();
        Thread thread = new Thread(null, () -> render(template), "small-stack", 512 << 10);
        thread.setUncaughtExceptionHandler((t, failure) -> failures.add(failure));
        thread.start();
        thread.join();
        assertThat(failures).hasSize(1);
        assertThat(failures.getFirst()).isExactlyInstanceOf(TemplateException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "[", "{1:", "not ", "-", "x if ", "x(", "x|d(", "x[", "'a' ~ (", "x is in "})
    void deepNestingIsRefusedWhileParsing(String opening) {
        String template = "{{ " + opening.repeat(50_000) + "1";
        assertThatThrownBy(() -> ChatTemplate.of(template, null, null)).isInstanceOf(TemplateException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{% if 1 %}", "{% for x in y %}", "{% macro m() %}", "{% set x %}", "{% call m() %}"})
    void deepBlocksAreRefusedWhileParsing(String opening) {
        assertThatThrownBy(() -> ChatTemplate.of(opening.repeat(20_000), null, null))
                .isInstanceOf(TemplateException.class);
    }

    @Test
    void longFlatExpressionsAreNotDeep() {
        assertThat(render("{{ 'a'" + " ~ 'a'".repeat(5_000) + " }}")).hasSize(5_001);
        assertThat(render("{% if 0 %}" + "{% elif 0 %}".repeat(5_000) + "{% else %}b{% endif %}"))
                .isEqualTo("b");
    }

    @Test
    void refusesAnEndlessTemplate() {
        String source = "x".repeat(ChatTemplate.MAX_SOURCE_CHARS + 1);
        assertThatThrownBy(() -> ChatTemplate.of(source, null, null))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining(String.valueOf(source.length()));
    }

    @Test
    void rendersTheSameOnManyThreads() throws Exception {
        ChatTemplate template = ChatTemplate.of(
                "{% set ns = namespace(n=0) %}{% for i in range(count) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
                null, null);
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Callable<String>> calls = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                int count = i;
                calls.add(() -> template.render(ASK, List.of(), false, Map.of("count", count)));
            }
            List<Future<String>> results = threads.invokeAll(calls);
            for (int i = 0; i < results.size(); i++) {
                assertThat(results.get(i).get()).isEqualTo(String.valueOf(i * (i - 1) / 2));
            }
        }
    }
}
