package dev.contexture.session.responses;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Part;
import dev.contexture.session.dialect.AnswerPart;
import dev.contexture.session.responses.ResponseItem.FunctionCall;
import dev.contexture.session.responses.ResponseItem.Message;
import dev.contexture.session.responses.ResponseItem.Reasoning;
import dev.contexture.session.responses.ResponseItem.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class OutputItemsTest {
    private final AtomicInteger ids = new AtomicInteger();
    private final OutputItems items = new OutputItems(() -> String.valueOf(ids.incrementAndGet()));
    private final List<ResponseEvent> heard = new ArrayList<>();

    private void text(String more) {
        heard.addAll(items.take(new Delta(0, more, List.of())));
    }

    private void part(AnswerPart part) {
        heard.addAll(items.take(new Part(0, part)));
    }

    private static Message message(String id, String text, boolean whole) {
        return new Message(id, Role.ASSISTANT, List.of(text), whole);
    }

    @Test
    void anItemEndsWhereTheNextBegins() {
        part(new AnswerPart.Thought("H"));
        part(new AnswerPart.Thought("m"));
        text("");
        text("a");
        part(new AnswerPart.CallBegin(0, "call_x", "clock"));
        part(new AnswerPart.CallArguments(0, "{"));
        part(new AnswerPart.CallArguments(0, "}"));
        part(new AnswerPart.CallEnd(0, true));
        text("b");
        assertThat(heard)
                .containsExactly(
                        new ResponseEvent.Begun(0, new Reasoning("rs_1", "", false)),
                        new ResponseEvent.Thought(0, "rs_1", "H"),
                        new ResponseEvent.Thought(0, "rs_1", "m"),
                        new ResponseEvent.Done(0, new Reasoning("rs_1", "Hm", true)),
                        new ResponseEvent.Begun(1, message("msg_2", "", false)),
                        new ResponseEvent.Text(1, "msg_2", "a"),
                        new ResponseEvent.Done(1, message("msg_2", "a", true)),
                        new ResponseEvent.Begun(2, new FunctionCall("fc_3", "call_x", "clock", "", false)),
                        new ResponseEvent.Arguments(2, "fc_3", "{"),
                        new ResponseEvent.Arguments(2, "fc_3", "}"),
                        new ResponseEvent.Done(2, new FunctionCall("fc_3", "call_x", "clock", "{}", true)),
                        new ResponseEvent.Begun(3, message("msg_4", "", false)),
                        new ResponseEvent.Text(3, "msg_4", "b"));
        assertThat(items.items(false))
                .containsExactly(
                        new Reasoning("rs_1", "Hm", true),
                        message("msg_2", "a", true),
                        new FunctionCall("fc_3", "call_x", "clock", "{}", true),
                        message("msg_4", "b", false));
        assertThat(items.items(true)).last().isEqualTo(message("msg_4", "b", true));
    }

    /** Whatever the answer as a whole became. */
    @Test
    void aCallThatDoesNotEndIsNotWhole() {
        part(new AnswerPart.CallBegin(0, "call_x", "clock"));
        part(new AnswerPart.CallArguments(0, "{\"a"));
        assertThat(items.items(true)).containsExactly(new FunctionCall("fc_1", "call_x", "clock", "{\"a", false));
        part(new AnswerPart.CallEnd(0, false));
        text("b");
        assertThat(items.items(true)).first().isEqualTo(new FunctionCall("fc_1", "call_x", "clock", "{\"a", false));
    }

    @Test
    void nothingIsAMessageWithoutText() {
        assertThat(items.items(true)).isEmpty();
        assertThat(items.nothing(true)).containsExactly(message("msg_1", "", true));
    }
}
