package dev.contexture.model.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every golden case gives what Python's jinja2 gives, text or kind of failure. */
class ChatTemplateGoldenTest {
    @ParameterizedTest
    @MethodSource("dev.contexture.model.template.GoldenTemplates#styles")
    void wholeTemplatesRenderAsInPython(GoldenTemplates.Case golden) {
        check(golden);
    }

    @ParameterizedTest
    @MethodSource("dev.contexture.model.template.GoldenTemplates#features")
    void featuresBehaveAsInPython(GoldenTemplates.Case golden) {
        check(golden);
    }

    @Test
    void everyGoldenFileHasCases() {
        for (String style : GoldenTemplates.STYLES) {
            List<GoldenTemplates.Case> cases = GoldenTemplates.styles().stream()
                    .filter(c -> c.group().equals(style))
                    .toList();
            assertThat(cases).as(style).hasSizeGreaterThan(5);
        }
        assertThat(GoldenTemplates.features()).hasSizeGreaterThan(200);
    }

    private static void check(GoldenTemplates.Case golden) {
        switch (golden.error().orElse("none")) {
            case "none" -> assertThat(golden.render()).isEqualTo(golden.text());
            case "raised" ->
                assertThatThrownBy(golden::render)
                        .isInstanceOf(TemplateException.Raised.class)
                        .hasMessage(golden.text());
            case "syntax" ->
                assertThatThrownBy(() -> ChatTemplate.of(golden.template(), null, null, golden.clock()))
                        .isExactlyInstanceOf(TemplateException.class)
                        .hasMessageContaining("template line ");
            case "runtime" -> {
                ChatTemplate template = ChatTemplate.of(golden.template(), null, null, golden.clock());
                assertThatThrownBy(() -> template.render(golden.variables()))
                        .isExactlyInstanceOf(TemplateException.class)
                        .hasMessageContaining("template line ");
            }
            default -> throw new IllegalArgumentException("unknown kind of error in " + golden);
        }
    }
}
