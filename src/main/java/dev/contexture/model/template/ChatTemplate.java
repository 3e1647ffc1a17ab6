package dev.contexture.model.template;

import java.time.Clock;
import java.time.ZonedDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model's chat template: messages to prompt text.
 *
 * <p>Templates are written in Jinja for Python, and a model has learned its chat format to the last blank. So this is an
 * interpreter of its own that follows Jinja and Python to the letter, set up as the transformers library does it
 * ({@code trim_blocks}, {@code lstrip_blocks}, loop controls, an immutable sandbox), rather than a Java template engine
 * that resembles it. Not supported: inheritance, include and import, and the filters filesizeformat, pprint, random,
 * urlize, wordwrap and xmlattr.
 *
 * <p>A template comes with the model file and is not trusted: it reaches nothing but its variables, and its work, output
 * and nesting are bounded. Parsed once; immutable and safe for use by several threads.
 *
 * @see <a href="https://jinja.palletsprojects.com/en/stable/templates/">Jinja: template designer documentation</a>
 */
public final class ChatTemplate {
    /** Longest prompt, in UTF-16 units. */
    public static final int MAX_OUTPUT_CHARS = (int) Value.MAX_WEIGHT;

    /** Longest template; those of models have some thousand characters. */
    public static final int MAX_SOURCE_CHARS = 1 << 20;

    private static final String CHAT_ML = """
            {%- for message in messages -%}
            {{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
            {%- endfor -%}
            {%- if add_generation_prompt -%}
            {{ '<|im_start|>assistant\\n' }}
            {%- endif -%}
            """;

    private static final Json TO_JSON = new Json(Optional.empty(), ", ", ": ", false, false);

    private final String source;
    private final List<Node.Statement> body;
    private final Map<String, Value> specialTokens;
    private final Clock clock;

    private ChatTemplate(String source, List<Node.Statement> body, Map<String, Value> specialTokens, Clock clock) {
        this.source = source;
        this.body = body;
        this.specialTokens = specialTokens;
        this.clock = clock;
    }

    /**
     * A template that tells the time, if it does, by the system's clock and zone.
     *
     * @see #of(String, String, String, Clock)
     */
    public static ChatTemplate of(String source, @Nullable String bosToken, @Nullable String eosToken) {
        return of(source, bosToken, eosToken, Clock.systemDefaultZone());
    }

    /**
     * @param source the template's text
     * @param bosToken what {@code bos_token} stands for; undefined in the template if null
     * @param eosToken what {@code eos_token} stands for; undefined in the template if null
     * @param clock for {@code strftime_now}
     * @throws TemplateException if the text is no template that can be rendered
     */
    public static ChatTemplate of(String source, @Nullable String bosToken, @Nullable String eosToken, Clock clock) {
        if (source.length() > MAX_SOURCE_CHARS) {
            throw new TemplateException("the chat template has " + source.length() + " characters; at most "
                    + MAX_SOURCE_CHARS + " are supported");
        }
        Map<String, Value> specialTokens = new LinkedHashMap<>();
        if (bosToken != null) {
            specialTokens.put("bos_token", Value.of(bosToken));
        }
        if (eosToken != null) {
            specialTokens.put("eos_token", Value.of(eosToken));
        }
        return new ChatTemplate(source, Parser.parse(source), Map.copyOf(specialTokens), clock);
    }

    /** The ChatML format, for models that bring no template of their own. */
    public static ChatTemplate chatMl(@Nullable String bosToken, @Nullable String eosToken) {
        return of(CHAT_ML, bosToken, eosToken);
    }

    /**
     * @param messages maps with role, content and what else the template reads; values are null, text, numbers, booleans,
     *     lists and maps
     * @param tools function definitions; when empty the template sees None, as transformers has it
     * @param addGenerationPrompt whether the text ends with the beginning of an answer
     * @param extra further variables; they win over all others
     * @return the prompt; its special tokens are written out, so it is to be tokenized with them recognised
     * @throws TemplateException.Raised if the template refuses these messages; the message is meant for the client
     * @throws TemplateException if rendering fails or exceeds its bounds
     */
    public String render(
            List<Map<String, Object>> messages,
            List<Map<String, Object>> tools,
            boolean addGenerationPrompt,
            Map<String, Object> extra) {
        Map<String, Value> variables = new LinkedHashMap<>(specialTokens);
        try {
            variables.put("messages", ValueOf.java(messages));
            variables.put("tools", tools.isEmpty() ? Value.None.NONE : ValueOf.java(tools));
            variables.put("add_generation_prompt", Value.of(addGenerationPrompt));
            extra.forEach((name, value) -> variables.put(name, ValueOf.java(value)));
        } catch (EvaluationException e) {
            throw new TemplateException("the messages cannot be given to the chat template: " + e.getMessage());
        }
        return render(variables);
    }

    /** The template's text. */
    public String source() {
        return source;
    }

    /**
     * A value as templates write it with {@code tojson}.
     *
     * @throws TemplateException if it is of no supported type, too large or too deep
     */
    public static String json(Object value) {
        try {
            return TO_JSON.write(ValueOf.java(value));
        } catch (EvaluationException e) {
            throw new TemplateException("a value cannot be written as JSON: " + e.getMessage());
        }
    }

    /** Renders with these variables alone. */
    String render(Map<String, Value> variables) {
        return new Interpreter(ZonedDateTime.now(clock)).render(body, variables);
    }
}
