package dev.contexture.session.responses;

import dev.contexture.session.SessionMessage;
import dev.contexture.session.SpokenAnswer;
import dev.contexture.session.responses.ResponseItem.FunctionCall;
import dev.contexture.session.responses.ResponseItem.FunctionCallOutput;
import dev.contexture.session.responses.ResponseItem.Message;
import dev.contexture.session.responses.ResponseItem.Reasoning;
import dev.contexture.session.responses.ResponseItem.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** From items to messages as chat templates read them. */
public final class ItemMessages {
    private ItemMessages() {}

    /**
     * Thoughts and calls become part of the assistant's message between them; a developer speaks as the system.
     *
     * @throws IllegalArgumentException if the arguments of a call are no JSON object
     */
    public static List<SessionMessage> of(List<ResponseItem> items) {
        List<SessionMessage> messages = new ArrayList<>();
        Spoken spoken = new Spoken();
        for (ResponseItem item : items) {
            switch (item) {
                case Reasoning reasoning -> {
                    spoken.end(messages);
                    spoken.reasoning = Optional.of(reasoning.text()).filter(text -> !text.isEmpty());
                }
                case FunctionCall call ->
                    spoken.calls.add(new SpokenAnswer.Call(call.callId(), call.name(), call.arguments()));
                case Message message -> {
                    if (message.role() == Role.ASSISTANT) {
                        if (spoken.text.isPresent() || !spoken.calls.isEmpty()) {
                            spoken.end(messages);
                        }
                        spoken.text = Optional.of(String.join("", message.texts()));
                        break;
                    }
                    spoken.end(messages);
                    messages.add(SessionMessage.of(name(message.role()), String.join("", message.texts())));
                }
                case FunctionCallOutput output -> {
                    spoken.end(messages);
                    messages.add(new SessionMessage(
                            Map.of("role", "tool", "tool_call_id", output.callId(), "content", output.output())));
                }
            }
        }
        spoken.end(messages);
        return messages;
    }

    /** What an assistant said so far. */
    private static final class Spoken {
        private final List<SpokenAnswer.Call> calls = new ArrayList<>();
        private Optional<String> reasoning = Optional.empty();
        private Optional<String> text = Optional.empty();

        private void end(List<SessionMessage> messages) {
            if (reasoning.isPresent() || text.isPresent() || !calls.isEmpty()) {
                messages.add(new SessionMessage(SpokenAnswer.message(text.orElse(""), reasoning.orElse(""), calls)));
            }
            calls.clear();
            reasoning = Optional.empty();
            text = Optional.empty();
        }
    }

    private static String name(Role role) {
        return role == Role.DEVELOPER ? "system" : role.name().toLowerCase(Locale.ROOT);
    }
}
