package dev.contexture.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model that can do what LangChain4j's contract asks, and nothing else. It reads prompts of the golden template qwen3 and knows of a conversation what
 * they say: the system message, tools, earlier turns, calls and results.
 */
public final class ObedientModel {
    private static final Pattern MESSAGE =
            Pattern.compile("<\\|im_start\\|>(\\w+)\n(.*?)<\\|im_end\\|>\n", Pattern.DOTALL);
    private static final Pattern TOOL = Pattern.compile("\"function\", \"function\": \\{\"name\": \"(\\w+)\"");
    private static final Pattern RESULT = Pattern.compile("<tool_response>\n(.*?)\n</tool_response>", Pattern.DOTALL);
    private static final Pattern COLOUR = Pattern.compile("my favorite color is (\\w+)");
    private static final Map<String, String> CAPITALS = Map.of("Germany", "Berlin", "France", "Paris");
    private static final Map<String, String> GERMAN = Map.of("I love you", "Ich liebe dich.");
    private static final int STORY_SENTENCES = 500;

    private static final List<Rule> RULES = List.of(
            new Rule("weather in (\\w+) and time in (\\w+)", ObedientModel::weatherAndTime),
            new Rule("weather in (\\w+)", ObedientModel::weather),
            new Rule("Use the (get_current_time) tool", ObedientModel::time),
            new Rule("I live in (\\w+)", ObedientModel::home),
            new Rule("capital of (\\w+)", ObedientModel::capital),
            new Rule("Translate: '(.+)'", ObedientModel::translation),
            new Rule("What is my favorite color", asked -> said(COLOUR, asked.talk.all)),
            new Rule("Say '(.+)'", asked -> List.of(asked.word(1))),
            new Rule(
                    "story about (\\w+)",
                    asked -> List.of(("Once there were " + asked.word(1) + ". ").repeat(STORY_SENTENCES))),
            new Rule("hello", asked -> List.of("Hello! What can I do for you?")));

    private ObedientModel() {}

    private record Rule(Pattern question, Function<Asked, List<String>> answers) {
        Rule(String question, Function<Asked, List<String>> answers) {
            this(Pattern.compile(question), answers);
        }
    }

    /**
     * A conversation.
     *
     * @param question the last one of a person
     * @param results of calls behind the question
     */
    private record Talk(String all, String system, String question, List<String> tools, List<String> results) {}

    private record Asked(Talk talk, MatchResult question) {
        String word(int group) {
            return Objects.requireNonNull(question.group(group));
        }

        boolean has(String tool) {
            return talk.tools.contains(tool);
        }
    }

    /**
     * What it would say, best first; what is not allowed of it cannot be said.
     *
     * @throws IllegalArgumentException if it has not been taught to answer
     */
    public static List<String> answers(String prompt) {
        Talk talk = read(prompt);
        for (Rule rule : RULES) {
            Matcher matcher = rule.question.matcher(talk.question);
            if (matcher.find()) {
                return rule.answers.apply(new Asked(talk, matcher.toMatchResult()));
            }
        }
        throw new IllegalArgumentException("nothing is known to answer to " + talk.question);
    }

    private static Talk read(String prompt) {
        String system = "";
        String question = "";
        List<String> tools = List.of();
        List<String> results = new ArrayList<>();
        Matcher messages = MESSAGE.matcher(prompt);
        while (messages.find()) {
            String text = messages.group(2);
            if (messages.group(1).equals("system")) {
                system = text;
                tools = found(TOOL, text);
            } else if (messages.group(1).equals("user")) {
                List<String> more = found(RESULT, text);
                results.addAll(more);
                if (more.isEmpty()) {
                    question = text;
                    results.clear();
                }
            }
        }
        return new Talk(prompt, system, question, tools, results);
    }

    private static List<String> found(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(match -> match.group(1)).toList();
    }

    private static List<String> said(Pattern pattern, String text) {
        return found(pattern, text).stream().map(word -> "It is " + word + ".").toList();
    }

    private static String call(String tool, String arguments) {
        return "<tool_call>\n{\"name\": \"" + tool + "\", \"arguments\": {" + arguments + "}}\n</tool_call>";
    }

    private static List<String> weather(Asked asked) {
        if (asked.talk.results.isEmpty() && asked.has("getWeather")) {
            return List.of(call("getWeather", "\"city\": \"" + asked.word(1) + "\""));
        }
        return Optional.of(asked.talk.results)
                .filter(results -> !results.isEmpty())
                .map(List::getFirst)
                .map(sky -> List.of("It is " + sky + " in " + asked.word(1) + ".", "{\"weather\": \"" + sky + "\"}"))
                .orElse(List.of("I cannot know that."));
    }

    private static List<String> weatherAndTime(Asked asked) {
        if (asked.talk.results.size() == 2) {
            return List.of("It is " + asked.talk.results.get(0) + " in " + asked.word(1) + ", and "
                    + asked.talk.results.get(1) + " in " + asked.word(2) + ".");
        }
        return List.of(call("getWeather", "\"city\": \"" + asked.word(1) + "\"") + "\n"
                + call("getTime", "\"country\": \"" + asked.word(2) + "\""));
    }

    private static List<String> time(Asked asked) {
        return asked.talk.results.isEmpty()
                ? List.of(call(asked.word(1), ""))
                : List.of("It is " + asked.talk.results.getFirst() + " now.");
    }

    /** Calls only where it must. */
    private static List<String> home(Asked asked) {
        return List.of("A fine place to be.", call("getWeather", "\"city\": \"" + asked.word(1) + "\""));
    }

    private static List<String> capital(Asked asked) {
        String capital = CAPITALS.getOrDefault(asked.word(1), "not known to me");
        String sum = asked.talk.question.contains("2 + 2") ? " 2 + 2 is 4." : "";
        return List.of(
                "The capital of " + asked.word(1) + " is " + capital + "." + sum, "{\"city\": \"" + capital + "\"}");
    }

    private static List<String> translation(Asked asked) {
        return asked.talk.system.contains("into German")
                ? List.of(GERMAN.getOrDefault(asked.word(1), "Das kenne ich nicht."))
                : List.of(asked.word(1));
    }
}
