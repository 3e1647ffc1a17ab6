package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.testing.DefaultModel;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The examples, built and run outside of this build, with the default model: embedded in plain Java and in Spring Boot, and over HTTP. */
class ExamplesIT {
    private static final List<String> ENGINE = List.of(
            "contexture.data-dir=" + DefaultModel.directory(),
            "contexture.engine.context-length=8000",
            "contexture.kv.device-bytes=400MB",
            "contexture.kv.pretouch-bytes=0B",
            "contexture.kv.host-bytes=128MB");

    @BeforeAll
    static void build() throws Exception {
        DefaultModel.path();
        ExampleBuild.run();
    }

    @Test
    void langChain4jInPlainJava() throws Exception {
        String output = ExampleBuild.output("langchain4j", "example.Assistant", ENGINE);
        assertThat(output).contains("Looked up: There are ").containsPattern("(?s)Clerk: .*12");
        assertThat(Pattern.compile("^Clerk: \\S.*", Pattern.MULTILINE)
                        .matcher(output)
                        .results())
                .hasSize(2);
    }

    @Test
    void springAiOverHttp() throws Exception {
        try (ServiceLife service = ServiceLife.start()) {
            int port = service.context().getEnvironment().getRequiredProperty("local.server.port", Integer.class);
            String output = ExampleBuild.output(
                    "spring-ai",
                    "example.Conversation",
                    List.of("--spring.ai.contexture.base-url=http://localhost:" + port + "/v1"));
            assertThat(output)
                    .containsPattern("Model: .*Ada")
                    .containsPattern("Streamed: \\S+")
                    .contains("o.s.a.c.c.advisor.SimpleLoggerAdvisor");
        }
    }

    @Test
    void ragEmbeddedBySpringBoot() throws Exception {
        List<String> arguments =
                new ArrayList<>(ENGINE.stream().map(setting -> "--" + setting).toList());
        arguments.add("--document=docs/sessions.md");
        arguments.add("--question=How long is a session kept?");
        arguments.add("--question=What does a fork share?");
        String output = ExampleBuild.output("rag", "example.LongDocument", arguments);
        // An answer may begin with an empty line, but the next one is none.
        List<MatchResult> answers = Pattern.compile("(\\d+) of (\\d+) tokens were there:\\s+(?!\\d+ of \\d+ tokens)\\S")
                .matcher(output)
                .results()
                .toList();
        assertThat(answers).as(output).hasSize(3);
        assertThat(Integer.parseInt(answers.get(0).group(1))).isZero();
        for (int i = 1; i < answers.size(); i++) {
            int there = Integer.parseInt(answers.get(i).group(1));
            int all = Integer.parseInt(answers.get(i).group(2));
            assertThat(there).as("of " + all).isGreaterThan(all * 3 / 4).isGreaterThan(900);
        }
    }

    @Test
    void askingAServiceTakesASmallClassPath() throws Exception {
        assertThat(ExampleBuild.libraries("spring-ai"))
                .anyMatch(name -> name.startsWith("contexture-"))
                .noneMatch(
                        name -> name.matches("(onnxruntime|tokenizers|protobuf|lettuce|embedded-redis|netty|spring-web|"
                                + "langchain4j|micrometer-registry|springdoc).*"));
        assertThat(ExampleBuild.libraries("rag"))
                .noneMatch(name -> name.matches(
                        "(lettuce|embedded-redis|netty|spring-web|spring-ai|springdoc|micrometer-core).*"));
    }
}
