package dev.contexture.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.session.dialect.ArgumentDelivery;
import dev.contexture.session.dialect.CallFormat;
import dev.contexture.session.dialect.DialectSettings;
import dev.contexture.session.dialect.DialectSettings.Thoughts;
import dev.contexture.session.dialect.ThinkTags;
import org.junit.jupiter.api.Test;

class ChatPropertiesTest {
    private static DialectSettings settings(String format, String tags) {
        return new ChatProperties(format, ArgumentDelivery.CHECKED, tags).settings();
    }

    @Test
    void wordsBecomeSettings() {
        assertThat(settings("auto", "auto")).isEqualTo(DialectSettings.AUTO);
        assertThat(settings("llama", "none").format()).contains(CallFormat.LLAMA);
        assertThat(settings("llama", "none").thoughts()).isEqualTo(new Thoughts.None());
        assertThat(settings("auto", " <a>  </a> ").thoughts())
                .isEqualTo(new Thoughts.Given(new ThinkTags("<a>", "</a>")));
    }

    @Test
    void otherWordsAreRefused() {
        assertThatThrownBy(() -> settings("xml", "auto"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("contexture.chat.tool-format must be auto, hermes, llama, mistral but is 'xml'");
        for (String tags : new String[] {"", "maybe", "<a> <b> <c>", "<a> <a>"}) {
            assertThatThrownBy(() -> settings("auto", tags)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
