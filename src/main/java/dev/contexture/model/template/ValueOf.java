package dev.contexture.model.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Java's values as template values. */
final class ValueOf {
    private ValueOf() {}

    /**
     * @throws EvaluationException if the object is of no supported type, too large or too deep
     */
    static Value java(@Nullable Object object) {
        return java(object, 0);
    }

    private static Value java(@Nullable Object object, int depth) {
        if (depth > Value.MAX_NESTING) {
            throw new EvaluationException("they nest deeper than " + Value.MAX_NESTING);
        }
        if (object == null) {
            return Value.None.NONE;
        }
        return switch (object) {
            case CharSequence text -> Value.of(text.toString());
            case Boolean flag -> Value.of(flag);
            case BigInteger integer -> new Value.Int(integer);
            case Byte number -> Value.of(number);
            case Short number -> Value.of(number);
            case Integer number -> Value.of(number);
            case Long number -> Value.of(number);
            case Float number -> new Value.Real(Double.parseDouble(number.toString()));
            case Double number -> new Value.Real(number);
            case BigDecimal number -> new Value.Real(number.doubleValue());
            case Collection<?> items -> {
                List<Value> values = new ArrayList<>(items.size());
                for (Object item : items) {
                    values.add(java(item, depth + 1));
                }
                yield Value.list(values);
            }
            case Map<?, ?> map -> {
                List<Value.Dict.Entry> entries = new ArrayList<>(map.size());
                map.forEach((key, value) ->
                        entries.add(new Value.Dict.Entry(java(key, depth + 1), java(value, depth + 1))));
                yield Value.Dict.of(entries);
            }
            default ->
                throw new EvaluationException(
                        "a " + object.getClass().getName() + " is no text, number, boolean, list or map");
        };
    }
}
