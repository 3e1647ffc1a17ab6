/** Automata over bytes: strings, numbers, patterns. */
@NullMarked
package dev.contexture.constrain.automaton;

import org.jspecify.annotations.NullMarked;
