package dev.contexture.constrain.automaton;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** Unicode's general categories by their names in patterns; each is looked up in all code points once. */
final class CharacterProperties {
    private static final Map<String, List<Byte>> TYPES = new TreeMap<>(Map.ofEntries(
            Map.entry(
                    "L",
                    List.of(
                            Character.UPPERCASE_LETTER,
                            Character.LOWERCASE_LETTER,
                            Character.TITLECASE_LETTER,
                            Character.MODIFIER_LETTER,
                            Character.OTHER_LETTER)),
            Map.entry(
                    "Letter",
                    List.of(
                            Character.UPPERCASE_LETTER,
                            Character.LOWERCASE_LETTER,
                            Character.TITLECASE_LETTER,
                            Character.MODIFIER_LETTER,
                            Character.OTHER_LETTER)),
            Map.entry("Lu", List.of(Character.UPPERCASE_LETTER)),
            Map.entry("Ll", List.of(Character.LOWERCASE_LETTER)),
            Map.entry("Lt", List.of(Character.TITLECASE_LETTER)),
            Map.entry("Lm", List.of(Character.MODIFIER_LETTER)),
            Map.entry("Lo", List.of(Character.OTHER_LETTER)),
            Map.entry("N", List.of(Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER)),
            Map.entry("Nd", List.of(Character.DECIMAL_DIGIT_NUMBER)),
            Map.entry(
                    "P",
                    List.of(
                            Character.CONNECTOR_PUNCTUATION,
                            Character.DASH_PUNCTUATION,
                            Character.START_PUNCTUATION,
                            Character.END_PUNCTUATION,
                            Character.INITIAL_QUOTE_PUNCTUATION,
                            Character.FINAL_QUOTE_PUNCTUATION,
                            Character.OTHER_PUNCTUATION)),
            Map.entry(
                    "S",
                    List.of(
                            Character.MATH_SYMBOL,
                            Character.CURRENCY_SYMBOL,
                            Character.MODIFIER_SYMBOL,
                            Character.OTHER_SYMBOL)),
            Map.entry("Zs", List.of(Character.SPACE_SEPARATOR))));

    private static final Map<String, CodePoints> SETS = new ConcurrentHashMap<>();

    private CharacterProperties() {}

    static Optional<CodePoints> of(String name) {
        List<Byte> types = TYPES.get(name);
        return types == null
                ? Optional.empty()
                : Optional.of(SETS.computeIfAbsent(
                        name, key -> CodePoints.where(c -> types.contains((byte) Character.getType(c)))));
    }

    static List<String> names() {
        return List.copyOf(TYPES.keySet());
    }
}
