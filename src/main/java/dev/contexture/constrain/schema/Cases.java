package dev.contexture.constrain.schema;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Takes schemas that must hold together apart into cases, one of which must hold: lists of schemas without references, allOf, anyOf
 * or oneOf in them. A schema that is reached by itself without anything read in between adds no values.
 */
final class Cases {
    /** Cases of one place. */
    private static final int MOST_CASES = 512;

    /** Choices within each other that are open at once. */
    private static final int MOST_DEPTH = 200;

    /** Copying an element of a list whose copies are kept. */
    private static final int STEPS_TO_COPY = 4;

    private final Compilation compilation;
    private final Set<String> disjoint = new HashSet<>();
    private final Map<List<String>, List<List<SchemaNode>>> known = new HashMap<>();
    private int depth;

    Cases(Compilation compilation) {
        this.compilation = compilation;
    }

    private record Reached(SchemaNode node, Set<SchemaNode> by) {}

    private record Group(SchemaNode owner, String keyword, List<SchemaNode> branches, Set<SchemaNode> by) {}

    List<List<SchemaNode>> of(Collection<SchemaNode> nodes) {
        compilation.work().charge(Compilation.copying(nodes));
        List<String> key = nodes.stream().map(SchemaNode::path).toList();
        List<List<SchemaNode>> made = known.get(key);
        if (made == null) {
            Deque<Reached> open = new ArrayDeque<>();
            nodes.forEach(node -> open.add(new Reached(node, Set.of())));
            List<List<SchemaNode>> cases = new ArrayList<>();
            expand(new LinkedHashSet<>(), open, List.of(), cases);
            made = List.copyOf(cases);
            known.put(key, made);
        }
        return made;
    }

    private void charge(long copied) {
        compilation.work().charge(1 + STEPS_TO_COPY * copied);
    }

    private void expand(
            LinkedHashSet<SchemaNode> held, Deque<Reached> open, List<Group> pending, List<List<SchemaNode>> cases) {
        charge(held.size() + pending.size());
        List<Group> groups = new ArrayList<>(pending);
        while (!open.isEmpty()) {
            Reached reached = open.removeFirst();
            SchemaNode node = reached.node;
            charge(1);
            if (node.json().isBoolean() && !node.json().booleanValue() || reached.by.contains(node)) {
                return;
            }
            if (!node.json().isBoolean() && held.add(node)) {
                takeApart(reached, open, groups);
            }
        }
        if (groups.isEmpty()) {
            if (cases.size() == MOST_CASES) {
                throw new UnsupportedSchemaException(
                        held.isEmpty() ? "#" : held.getFirst().path(),
                        "anyOf and oneOf make more than " + MOST_CASES + " cases here");
            }
            cases.add(List.copyOf(held));
            return;
        }
        Group group = groups.removeFirst();
        enter(group.owner);
        for (SchemaNode branch : group.branches) {
            Deque<Reached> rest = new ArrayDeque<>(List.of(new Reached(branch, group.by)));
            expand(new LinkedHashSet<>(held), rest, groups, cases);
        }
        depth--;
    }

    private void enter(SchemaNode node) {
        if (++depth > MOST_DEPTH) {
            throw new UnsupportedSchemaException(
                    node.path(), "more than " + MOST_DEPTH + " of anyOf and oneOf must be told apart at once");
        }
    }

    private void takeApart(Reached reached, Deque<Reached> open, List<Group> groups) {
        SchemaNode node = reached.node;
        Keywords.check(node);
        charge(reached.by.size());
        Set<SchemaNode> by = new HashSet<>(reached.by);
        by.add(node);
        if (node.has("$ref")) {
            open.add(new Reached(compilation.document().target(node), by));
        }
        node.schemas("allOf").forEach(part -> open.add(new Reached(part, by)));
        for (String keyword : List.of("anyOf", "oneOf")) {
            List<SchemaNode> branches = node.schemas(keyword);
            if (!branches.isEmpty()) {
                groups.add(new Group(node, keyword, branches, by));
                if (keyword.equals("oneOf")) {
                    requireDisjoint(node, branches);
                }
            }
        }
    }

    /** Whoever reads oneOf as anyOf must know that no value is of two branches. */
    private void requireDisjoint(SchemaNode owner, List<SchemaNode> branches) {
        if (!disjoint.add(owner.path())) {
            return;
        }
        enter(owner);
        SchemaNode alone = new SchemaNode(owner.json(), owner.path());
        List<List<List<SchemaNode>>> cases = branches.stream()
                .map(branch -> {
                    List<List<SchemaNode>> ofBranch = new ArrayList<>();
                    expand(
                            new LinkedHashSet<>(List.of(alone)),
                            new ArrayDeque<>(List.of(new Reached(branch, Set.of(owner)))),
                            List.of(),
                            ofBranch);
                    return ofBranch;
                })
                .toList();
        Overlap overlap = new Overlap(compilation);
        for (int i = 0; i < branches.size(); i++) {
            for (int j = i + 1; j < branches.size(); j++) {
                if (overlap.isPossible(cases.get(i), cases.get(j))) {
                    throw owner.broken(
                            "oneOf",
                            "a value may be of branch " + i + " and of branch " + j
                                    + " at once; use anyOf, or tell branches apart by type or by a required property with const");
                }
            }
        }
        depth--;
    }
}
