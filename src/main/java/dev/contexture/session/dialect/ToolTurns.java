package dev.contexture.session.dialect;

import dev.contexture.model.template.ChatTemplate;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;

/** Calls and results in a conversation, brought into the shape that a model's template wants. */
final class ToolTurns {
    private static final Pattern MISTRAL_ID = Pattern.compile("[A-Za-z0-9]{9}");
    private static final String LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private ToolTurns() {}

    /** The first result that answers no call before it, if any. */
    static OptionalInt firstUnasked(List<Map<String, Object>> messages) {
        Set<String> asked = new HashSet<>();
        for (int i = 0; i < messages.size(); i++) {
            Map<String, Object> message = messages.get(i);
            calls(message).forEach(call -> asked.add(id(call)));
            if (isResult(message) && !asked.contains(answered(message))) {
                return OptionalInt.of(i);
            }
        }
        return OptionalInt.empty();
    }

    private static String id(Map<String, Object> call) {
        return String.valueOf(call.get("id"));
    }

    private static boolean isResult(Map<String, Object> message) {
        return "tool".equals(message.get("role"));
    }

    /** The call that a result is of. */
    private static String answered(Map<String, Object> result) {
        return String.valueOf(result.get("tool_call_id"));
    }

    /** None where the message is no answer that calls. */
    @SuppressWarnings("unchecked") // front doors make them so
    static List<Map<String, Object>> calls(Map<String, Object> message) {
        return message.get("tool_calls") instanceof List<?> list ? (List<Map<String, Object>>) list : List.of();
    }

    static boolean areIn(List<Map<String, Object>> messages) {
        return messages.stream()
                .anyMatch(message -> isResult(message) || !calls(message).isEmpty());
    }

    /** As the template of this dialect wants them. */
    static List<Map<String, Object>> shaped(List<Map<String, Object>> messages, Dialect dialect) {
        List<Map<String, Object>> shaped = new ArrayList<>();
        Map<String, String> names = new HashMap<>();
        for (Map<String, Object> message : messages) {
            Map<String, Object> copy = new LinkedHashMap<>(message);
            List<Map<String, Object>> calls = calls(message);
            if (!calls.isEmpty()) {
                calls.forEach(call ->
                        names.put(id(call), String.valueOf(function(call).get("name"))));
                copy.put(
                        "tool_calls",
                        calls.stream().map(call -> shaped(call, dialect)).toList());
            }
            if (isResult(message)) {
                copy.put("tool_call_id", shaped(answered(message), dialect));
                String name = names.get(answered(message));
                if (name != null) {
                    copy.putIfAbsent("name", name);
                }
            }
            shaped.add(copy);
        }
        return dialect.severalCalls() ? shaped : oneByOne(shaped);
    }

    @SuppressWarnings("unchecked") // front doors make them so
    static Map<String, Object> function(Map<String, Object> call) {
        return (Map<String, Object>) call.getOrDefault("function", Map.of());
    }

    private static Map<String, Object> shaped(Map<String, Object> call, Dialect dialect) {
        Map<String, Object> function = new LinkedHashMap<>(function(call));
        if (dialect.arguments() == Dialect.CallArguments.JSON_TEXT) {
            function.put("arguments", ChatTemplate.json(function.getOrDefault("arguments", Map.of())));
        }
        Map<String, Object> copy = new LinkedHashMap<>(call);
        copy.put("function", function);
        copy.put("id", shaped(id(call), dialect));
        return copy;
    }

    /** Mistral's templates refuse ids that are not nine letters and digits. */
    private static String shaped(String id, Dialect dialect) {
        if (dialect.format() != CallFormat.MISTRAL || MISTRAL_ID.matcher(id).matches()) {
            return id;
        }
        byte[] hash = sha256(id);
        StringBuilder nine = new StringBuilder();
        for (int i = 0; i < 9; i++) {
            nine.append(LETTERS.charAt(Byte.toUnsignedInt(hash[i]) % LETTERS.length()));
        }
        return nine.toString();
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** A message for each call, with its result behind it, where a template takes no more. */
    private static List<Map<String, Object>> oneByOne(List<Map<String, Object>> messages) {
        List<Map<String, Object>> apart = new ArrayList<>();
        int at = 0;
        while (at < messages.size()) {
            Map<String, Object> message = messages.get(at);
            List<Map<String, Object>> calls = calls(message);
            at++;
            if (calls.size() < 2) {
                apart.add(message);
                continue;
            }
            List<Map<String, Object>> results = new ArrayList<>();
            while (at < messages.size() && isResult(messages.get(at))) {
                results.add(messages.get(at));
                at++;
            }
            for (int i = 0; i < calls.size(); i++) {
                Map<String, Object> call = calls.get(i);
                Map<String, Object> single = new LinkedHashMap<>(message);
                single.put("tool_calls", List.of(call));
                if (i > 0) {
                    single.put("content", "");
                }
                apart.add(single);
                results.stream()
                        .filter(result -> answered(result).equals(id(call)))
                        .forEach(apart::add);
            }
            results.removeIf(
                    result -> calls.stream().anyMatch(call -> answered(result).equals(id(call))));
            apart.addAll(results);
        }
        return apart;
    }
}
