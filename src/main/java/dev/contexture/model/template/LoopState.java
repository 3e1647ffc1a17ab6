package dev.contexture.model.template;

import dev.contexture.model.template.Value.Function;
import dev.contexture.model.template.Value.Undefined;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** The {@code loop} of a for block: where it stands; called, it renders its body for other items. */
final class LoopState implements Value.HasAttributes, Function {
    private static final Signature ITEMS = Signature.of("loop()", "items");

    private final List<Value> items;
    private final int recursion;
    private final UnaryOperator<Value> recurse;
    private int index;
    private Optional<List<Value>> lastChecked = Optional.empty();

    LoopState(List<Value> items, int recursion, UnaryOperator<Value> recurse) {
        this.items = items;
        this.recursion = recursion;
        this.recurse = recurse;
    }

    void advance() {
        index++;
    }

    @Override
    public Value call(Rendering rendering, Arguments arguments) {
        return recurse.apply(ITEMS.bind(arguments).value("items"));
    }

    @Override
    public Optional<Value> attribute(String name) {
        int size = items.size();
        return Optional.ofNullable(
                switch (name) {
                    case "index" -> Value.of(index + 1);
                    case "index0" -> Value.of(index);
                    case "revindex" -> Value.of(size - index);
                    case "revindex0" -> Value.of(size - index - 1);
                    case "first" -> Value.of(index == 0);
                    case "last" -> Value.of(index == size - 1);
                    case "length" -> Value.of(size);
                    case "depth" -> Value.of(recursion + 1);
                    case "depth0" -> Value.of(recursion);
                    case "previtem" -> neighbour(index - 1, "there is no previous item");
                    case "nextitem" -> neighbour(index + 1, "there is no next item");
                    case "cycle" -> (Function) (rendering, arguments) -> cycle(arguments);
                    case "changed" -> (Function) (rendering, arguments) -> Value.of(changed(arguments));
                    default -> null;
                });
    }

    private Value neighbour(int at, String problem) {
        return at < 0 || at >= items.size() ? new Undefined(problem) : items.get(at);
    }

    private Value cycle(Arguments arguments) {
        if (arguments.positional().isEmpty()) {
            throw new EvaluationException("no items for cycling given");
        }
        return arguments.positional().get(index % arguments.positional().size());
    }

    private boolean changed(Arguments arguments) {
        List<Value> now = arguments.positional();
        boolean same = lastChecked.isPresent() && Python.equal(Value.list(lastChecked.get()), Value.list(now));
        lastChecked = Optional.of(now);
        return !same;
    }
}
