package dev.contexture.model.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The parts of a parsed template. */
sealed interface Node {
    /** Something that is carried out. */
    sealed interface Statement extends Node {}

    /** Something that has a value. */
    sealed interface Expression extends Node {}

    record Text(String text) implements Statement {}

    record Output(Expression value, int line) implements Statement {}

    record If(List<Branch> branches, List<Statement> otherwise) implements Statement {}

    record Branch(Expression condition, List<Statement> body) {}

    record For(
            List<String> names,
            Expression items,
            @Nullable Expression filter,
            List<Statement> body,
            List<Statement> otherwise,
            int line)
            implements Statement {}

    /** {@code names} is one name, one name with an attribute ("ns.x"), or several to unpack into. */
    record SetValue(List<String> names, Expression value, int line) implements Statement {}

    record SetBlock(String name, List<Statement> body) implements Statement {}

    record Macro(String name, List<String> parameters, Map<String, Expression> defaults, List<Statement> body)
            implements Statement {}

    /** A block that only groups: {@code generation}. */
    record Group(List<Statement> body) implements Statement {}

    record FilterBlock(Filter filter, List<Statement> body) implements Statement {}

    record Break() implements Statement {}

    record Continue() implements Statement {}

    record Literal(@Nullable Object value) implements Expression {}

    record Name(String name) implements Expression {}

    record ListOf(List<Expression> items) implements Expression {}

    record DictOf(List<Expression> keys, List<Expression> values) implements Expression {}

    record Attribute(Expression target, String name, int line) implements Expression {}

    record Item(Expression target, Expression key, int line) implements Expression {}

    record Slice(
            Expression target,
            @Nullable Expression from,
            @Nullable Expression to,
            @Nullable Expression step,
            int line) implements Expression {}

    record Call(Expression target, List<Expression> arguments, Map<String, Expression> named, int line)
            implements Expression {}

    record Filter(
            @Nullable Expression target,
            String name,
            List<Expression> arguments,
            Map<String, Expression> named,
            int line)
            implements Expression {}

    record Test(Expression target, String name, List<Expression> arguments, int line) implements Expression {}

    record Not(Expression value) implements Expression {}

    record Negate(Expression value, int line) implements Expression {}

    record And(Expression left, Expression right) implements Expression {}

    record Or(Expression left, Expression right) implements Expression {}

    /** a < b < c: each neighbour pair is compared. */
    record Comparison(Expression first, List<String> operators, List<Expression> rest, int line)
            implements Expression {}

    record Arithmetic(String operator, Expression left, Expression right, int line) implements Expression {}

    record Conditional(
            Expression condition, Expression then, @Nullable Expression otherwise) implements Expression {}
}
