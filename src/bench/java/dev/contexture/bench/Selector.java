package dev.contexture.bench;

import dev.contexture.core.Sparsity;
import dev.contexture.engine.SelectionStage;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * One way of choosing what decode rows attend to.
 *
 * @param policy that sequences get, by budget
 * @param before told of each window that is about to be decoded
 */
record Selector(String name, SelectionStage stage, IntFunction<Sparsity> policy, Consumer<Window> before) {
    Selector(String name, SelectionStage stage, IntFunction<Sparsity> policy) {
        this(name, stage, policy, window -> {});
    }
}
