package dev.contexture.model.template;

import dev.contexture.model.template.Value.Dict;
import dev.contexture.model.template.Value.Function;
import dev.contexture.model.template.Value.Items;
import dev.contexture.model.template.Value.Undefined;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The methods of dict, list and tuple. Those that would change them are refused, as in Jinja's immutable sandbox. */
final class CollectionMethods {
    private static final Set<String> CHANGE_DICT = Set.of("clear", "pop", "popitem", "setdefault", "update");
    private static final Set<String> CHANGE_LIST =
            Set.of("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort");
    private static final Signature GET = Signature.of("dict.get()", "key default?");
    private static final Signature NOTHING = Signature.of("the method", "");
    private static final Signature ONE = Signature.of("the method", "value");

    private CollectionMethods() {}

    static Optional<Value> find(Dict dict, String name) {
        if (CHANGE_DICT.contains(name)) {
            return Optional.of(refused(name, dict));
        }
        return switch (name) {
            case "get" ->
                method(dict, (rendering, arguments) -> {
                    Signature.Bound bound = GET.bind(arguments);
                    return dict.get(bound.value("key")).orElseGet(() -> bound.value("default"));
                });
            case "keys" -> view(dict, Items.Kind.KEYS);
            case "values" -> view(dict, Items.Kind.VALUES);
            case "items" -> view(dict, Items.Kind.PAIRS);
            case "copy" ->
                method(dict, (rendering, arguments) -> {
                    NOTHING.bind(arguments);
                    return dict;
                });
            default -> Optional.empty();
        };
    }

    private static Optional<Value> view(Dict dict, Items.Kind kind) {
        return method(dict, (rendering, arguments) -> {
            NOTHING.bind(arguments);
            List<Value> values = switch (kind) {
                case KEYS -> dict.keys();
                case VALUES -> dict.values();
                default -> dict.pairs();
            };
            return new Items(kind, values);
        });
    }

    static Optional<Value> find(Items items, String name) {
        if (items.kind() == Items.Kind.LIST && CHANGE_LIST.contains(name)) {
            return Optional.of(refused(name, items));
        }
        if (!items.kind().isIndexed()) {
            return Optional.empty();
        }
        return switch (name) {
            case "index" ->
                method(items, (rendering, arguments) -> {
                    Value wanted = ONE.bind(arguments).value("value");
                    for (int i = 0; i < items.values().size(); i++) {
                        if (Python.equal(items.values().get(i), wanted)) {
                            return Value.of(i);
                        }
                    }
                    throw new EvaluationException(Repr.of(wanted) + " is not in the list");
                });
            case "count" ->
                method(items, (rendering, arguments) -> {
                    Value wanted = ONE.bind(arguments).value("value");
                    return Value.of(items.values().stream()
                            .filter(v -> Python.equal(v, wanted))
                            .count());
                });
            case "copy" ->
                items.kind() == Items.Kind.LIST
                        ? method(items, (rendering, arguments) -> {
                            NOTHING.bind(arguments);
                            return items;
                        })
                        : Optional.empty();
            default -> Optional.empty();
        };
    }

    private static Optional<Value> method(Value self, Function function) {
        Function charged = (rendering, arguments) -> {
            rendering.charge(self.weight());
            return function.call(rendering, arguments);
        };
        return Optional.of(charged);
    }

    private static Undefined refused(String name, Value target) {
        return new Undefined("access to attribute '" + name + "' of '" + Python.typeName(target)
                + "' object is unsafe: templates cannot change values.");
    }
}
