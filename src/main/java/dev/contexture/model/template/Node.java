package dev.contexture.model.template;

import java.util.List;
import java.util.Map;

/** The parts of a parsed template. Lines count from 1. */
sealed interface Node {
    /** Something that is carried out. */
    sealed interface Statement extends Node {}

    /** Something that has a value. */
    sealed interface Expression extends Node {}

    /** Something that a value is assigned to. */
    sealed interface Target extends Node {}

    record Text(String text) implements Statement {}

    record Output(Expression value, int line) implements Statement {}

    record If(List<Branch> branches, List<Statement> otherwise) implements Statement {}

    record Branch(Expression condition, List<Statement> body) implements Node {}

    record For(
            Target target,
            Expression items,
            Expression filter,
            boolean recursive,
            List<Statement> body,
            List<Statement> otherwise,
            int line)
            implements Statement {}

    record SetValue(Target target, Expression value, int line) implements Statement {}

    record SetBlock(Target target, List<FilterCall> filters, List<Statement> body, int line) implements Statement {}

    record Macro(Procedure procedure, int line) implements Statement {}

    /** {@code {% call %}}: the block becomes the {@code caller} of the called macro. */
    record CallBlock(Procedure caller, Call call, int line) implements Statement {}

    /** A block with variables of its own: {@code with}, {@code generation}. */
    record Block(List<SetValue> assignments, List<Statement> body) implements Statement {}

    record FilterBlock(List<FilterCall> filters, List<Statement> body) implements Statement {}

    record Break() implements Statement {}

    record Continue() implements Statement {}

    /**
     * A block with parameters.
     *
     * @param defaults of the parameters that have one
     * @param usesVarargs whether the body takes more positional arguments than it has parameters
     * @param usesKwargs whether it takes other named arguments
     * @param usesCaller whether it calls back
     */
    record Procedure(
            String name,
            List<String> parameters,
            Map<String, Expression> defaults,
            boolean usesVarargs,
            boolean usesKwargs,
            boolean usesCaller,
            List<Statement> body)
            implements Node {}

    record NameTarget(String name) implements Target {}

    record AttributeTarget(String namespace, String attribute) implements Target {}

    record TupleTarget(List<Target> parts) implements Target {}

    record Literal(Value value) implements Expression {}

    record Name(String name) implements Expression {}

    record ListOf(List<Expression> items) implements Expression {}

    record TupleOf(List<Expression> items) implements Expression {}

    record DictOf(List<Expression> keys, List<Expression> values) implements Expression {}

    record Attribute(Expression target, String name, int line) implements Expression {}

    record Item(Expression target, Expression key, int line) implements Expression {}

    record Slice(Expression target, Expression from, Expression to, Expression step, int line) implements Expression {}

    record CallArguments(List<Expression> positional, Map<String, Expression> named) implements Node {
        static final CallArguments NONE = new CallArguments(List.of(), Map.of());
    }

    record Call(Expression target, CallArguments arguments, int line) implements Expression {}

    record FilterCall(String name, CallArguments arguments, int line) implements Node {}

    record Filtered(Expression target, FilterCall filter) implements Expression {}

    record Test(Expression target, String name, CallArguments arguments, int line) implements Expression {}

    record Not(Expression value) implements Expression {}

    record Signed(boolean negative, Expression value, int line) implements Expression {}

    record And(Expression left, Expression right) implements Expression {}

    record Or(Expression left, Expression right) implements Expression {}

    /** a < b < c: each neighbour pair is compared. */
    record Comparison(Expression first, List<String> operators, List<Expression> rest, int line)
            implements Expression {}

    record Arithmetic(String operator, Expression left, Expression right, int line) implements Expression {}

    /** {@code a ~ b ~ c} */
    record Concatenation(List<Expression> parts, int line) implements Expression {}

    record Conditional(Expression condition, Expression then, Expression otherwise) implements Expression {}
}
