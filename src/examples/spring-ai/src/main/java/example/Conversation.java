package example;

import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.client.advisor.MessageChatMemoryAdvisor;
import org.springframework.ai.chat.client.advisor.SimpleLoggerAdvisor;
import org.springframework.ai.chat.memory.ChatMemory;
import org.springframework.ai.chat.memory.MessageWindowChatMemory;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** Spring AI's ChatClient with advisors that remember and log, over a service; application.properties says where. */
@SpringBootApplication
public class Conversation {
    public static void main(String[] arguments) {
        SpringApplication.run(Conversation.class, arguments);
    }

    @Bean
    ChatClient client(ChatModel model) {
        ChatMemory memory = MessageWindowChatMemory.builder().maxMessages(20).build();
        return ChatClient.builder(model)
                .defaultSystem("You answer in one short sentence.")
                .defaultAdvisors(MessageChatMemoryAdvisor.builder(memory).build(), new SimpleLoggerAdvisor())
                .build();
    }

    @Bean
    ApplicationRunner talk(ChatClient client) {
        return arguments -> {
            for (String message : new String[] {"My name is Ada.", "What is my name?"}) {
                String answer = client.prompt(message)
                        .advisors(advisors -> advisors.param(ChatMemory.CONVERSATION_ID, "one"))
                        .call()
                        .content();
                System.out.println("Model: " + answer);
            }
            System.out.print("Streamed: ");
            client.prompt("Name three colours.")
                    .advisors(advisors -> advisors.param(ChatMemory.CONVERSATION_ID, "two"))
                    .stream()
                    .content()
                    .doOnNext(System.out::print)
                    .blockLast();
            System.out.println();
        };
    }
}
