package dev.contexture.bench;

import dev.contexture.core.Sparsity;
import dev.contexture.engine.SelectionStage;
import java.util.function.IntFunction;

/**
 * One way of choosing what decode rows attend to.
 *
 * @param policy that sequences get, by budget
 */
record Selector(String name, SelectionStage stage, IntFunction<Sparsity> policy) {}
