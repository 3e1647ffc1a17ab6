package dev.contexture.api;

import org.springframework.test.web.reactive.server.WebTestClient;

/** Bodies of messages, and who sends them. */
final class MessageBodies {
    static final String MESSAGES = "/messages";
    static final String TOOLS = """
            "tools": [
              {"name": "get_weather", "description": "Weather now", "cache_control": {"type": "ephemeral"},
                "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
              {"type": "custom", "name": "clock", "input_schema": {"type": "object", "properties": {}}}]""";

    private MessageBodies() {}

    /** The question, with more fields as JSON. */
    static String ask(String... fields) {
        return asking("{\"role\": \"user\", \"content\": \"How is it in Turku?\"}", fields);
    }

    static String asking(String messages, String... fields) {
        return ScriptedChat.body(messages, "\"max_tokens\": 500", String.join(", ", fields))
                .replace(", }", "}");
    }

    static WebTestClient client(ScriptedChat with) {
        return WebTestClient.bindToServer().baseUrl(with.url()).build();
    }
}
