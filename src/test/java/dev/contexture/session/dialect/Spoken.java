package dev.contexture.session.dialect;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** What a parser made of a text, with neighbouring pieces joined. */
record Spoken(String thought, String text, List<String> calls, List<CallOutcome> outcomes) {
    /** A form with these tools, as if a template had been written. */
    static AnswerForm form(CallFormat format, ArgumentDelivery delivery, String... tools) {
        List<ToolDefinition> definitions = new ArrayList<>();
        for (String name : tools) {
            definitions.add(ToolDefinition.of(name, "", java.util.Map.of()));
        }
        return form(format, delivery, ToolUse.auto(definitions));
    }

    static AnswerForm form(CallFormat format, ArgumentDelivery delivery, ToolUse use) {
        return new AnswerForm(use, format, delivery, Optional.empty(), false);
    }

    static Spoken of(AnswerForm form, List<String> pieces) {
        List<CallOutcome> outcomes = new ArrayList<>();
        AtomicInteger ids = new AtomicInteger();
        AnswerParser parser = new AnswerParser(form, () -> "id" + ids.incrementAndGet(), outcomes::add);
        List<AnswerPart> parts = new ArrayList<>();
        for (String piece : pieces) {
            parts.addAll(parser.append(piece));
        }
        parts.addAll(parser.finish());
        StringBuilder thought = new StringBuilder();
        StringBuilder text = new StringBuilder();
        List<StringBuilder> calls = new ArrayList<>();
        int ended = 0;
        for (AnswerPart part : parts) {
            switch (part) {
                case AnswerPart.Text more -> text.append(more.text());
                case AnswerPart.Thought more -> thought.append(more.text());
                case AnswerPart.CallBegin begin -> {
                    require(begin.index() == calls.size() && begin.index() == ended, "calls come in order");
                    require(begin.id().equals("id" + (begin.index() + 1)), "each call has an id of its own");
                    calls.add(new StringBuilder(begin.name()));
                }
                case AnswerPart.CallArguments more -> {
                    int index = more.index();
                    require(index == calls.size() - 1 && ended == index, "arguments are of the open call");
                    require(!more.fragment().isEmpty(), "fragments have text");
                    calls.get(index).append(more.fragment());
                }
                case AnswerPart.CallEnd end -> {
                    require(end.index() == ended, "a call ends once");
                    ended++;
                }
            }
        }
        require(ended == calls.size(), "all calls end");
        require(parser.calls() == ended, "calls are counted");
        return new Spoken(
                thought.toString(),
                text.toString(),
                calls.stream().map(StringBuilder::toString).toList(),
                outcomes);
    }

    private static void require(boolean holds, String words) {
        if (!holds) {
            throw new AssertionError(words);
        }
    }
}
