package example;

import dev.contexture.embedded.EmbeddedContexture;
import dev.contexture.provider.langchain4j.ContextureChatModel;
import dev.contexture.provider.langchain4j.ContextureChatRequestParameters;
import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.memory.chat.MessageWindowChatMemory;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.service.AiServices;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;

/** LangChain4j's AiServices with tools and memory, over an engine in this process. Arguments are its settings: contexture.engine.threads=2 */
public class Assistant {
    interface Clerk {
        String answer(String message);
    }

    enum Fruit {
        APPLES,
        PEARS
    }

    static class Warehouse {
        private final Map<Fruit, Integer> stock = Map.of(Fruit.APPLES, 12, Fruit.PEARS, 7);

        @Tool("How many of a fruit are in stock")
        String inStock(Fruit fruit) {
            String found = "There are " + stock.get(fruit) + " " + fruit + " in stock.";
            System.out.println("Looked up: " + found);
            return found;
        }
    }

    public static void main(String[] arguments) {
        Map<String, String> settings = Arrays.stream(arguments)
                .map(argument -> argument.split("=", 2))
                .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
        try (EmbeddedContexture contexture = EmbeddedContexture.open(settings)) {
            ChatModel model = ContextureChatModel.builder()
                    .client(contexture.client())
                    .defaultRequestParameters(ContextureChatRequestParameters.builder()
                            .temperature(0.0)
                            .maxOutputTokens(64)
                            .build())
                    .build();
            Clerk clerk = AiServices.builder(Clerk.class)
                    .chatModel(model)
                    .chatMemory(MessageWindowChatMemory.withMaxMessages(20))
                    .tools(new Warehouse())
                    .chatRequestTransformer(Assistant::lookFirst)
                    .build();
            System.out.println("Clerk: " + clerk.answer("How many apples are in stock?"));
            System.out.println("Clerk: " + clerk.answer("And how many pears?"));
        }
    }

    /** A small model forgets that it has tools; a call that is asked for is held to the tool's schema. Large ones do without this. */
    private static ChatRequest lookFirst(ChatRequest request) {
        boolean asked = request.messages().getLast() instanceof UserMessage;
        return asked
                ? request.toBuilder()
                        .parameters(request.parameters()
                                .overrideWith(ContextureChatRequestParameters.builder()
                                        .toolChoice(ToolChoice.REQUIRED)
                                        .build()))
                        .build()
                : request;
    }
}
