package dev.contexture.model.template;

import dev.contexture.model.template.Value.Generator;
import dev.contexture.model.template.Value.Str;
import dev.contexture.model.template.Value.Undefined;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** Filters that apply another filter or a test to each item. */
final class SelectionFilters {
    private static final Set<String> MAP_NAMES = Set.of("attribute", "default");

    private SelectionFilters() {}

    static void register(Filters.Registry filters) {
        filters.raw("map", SelectionFilters::map);
        filters.raw("select", (v, a, r) -> keep(v, test(a, r)));
        filters.raw("reject", (v, a, r) -> keep(v, test(a, r).negate()));
        filters.raw("selectattr", (v, a, r) -> keep(v, attributeTest(a, r)));
        filters.raw("rejectattr", (v, a, r) -> keep(v, attributeTest(a, r).negate()));
    }

    private static Value map(Value value, Arguments arguments, Rendering rendering) {
        List<Value> mapped = new ArrayList<>();
        Value attribute = arguments.named().get("attribute");
        if (arguments.positional().isEmpty() && attribute != null) {
            if (!MAP_NAMES.containsAll(arguments.named().keySet())) {
                throw new EvaluationException("map takes only 'attribute' and 'default' by name");
            }
            String path = Python.str(attribute);
            Optional<Value> byDefault = Optional.ofNullable(arguments.named().get("default"));
            for (Value item : Python.items(value)) {
                rendering.charge(1);
                Value found = Attributes.path(item, path);
                mapped.add(found instanceof Undefined ? byDefault.orElse(found) : found);
            }
            return new Generator(mapped);
        }
        String filter = name(arguments, "map", "a filter");
        for (Value item : Python.items(value)) {
            mapped.add(rendering.filter(filter, item, arguments.from(1)));
        }
        return new Generator(mapped);
    }

    private static String name(Arguments arguments, String filter, String what) {
        if (arguments.positional().isEmpty() || !(arguments.positional().getFirst() instanceof Str name)) {
            throw new EvaluationException(filter + " needs the name of " + what);
        }
        return name.text();
    }

    private static Value keep(Value value, Predicate<Value> kept) {
        return new Generator(Python.items(value).stream().filter(kept).toList());
    }

    private static Predicate<Value> test(Arguments arguments, Rendering rendering) {
        if (arguments.positional().isEmpty()) {
            if (!arguments.named().isEmpty()) {
                throw new EvaluationException("select takes no arguments by name: "
                        + arguments.named().keySet());
            }
            return item -> {
                rendering.charge(1);
                return Python.truth(item);
            };
        }
        String test = name(arguments, "select", "a test");
        Arguments rest = arguments.from(1);
        return item -> rendering.test(test, item, rest);
    }

    private static Predicate<Value> attributeTest(Arguments arguments, Rendering rendering) {
        if (arguments.positional().isEmpty()) {
            throw new EvaluationException("selectattr needs the name of an attribute");
        }
        String path = Python.str(arguments.positional().getFirst());
        Predicate<Value> test = test(new Arguments(arguments.from(1).positional(), Map.of()), rendering);
        return item -> test.test(Attributes.path(item, path));
    }
}
