/** What holds within itself: grammars and the machine that reads by them. */
@NullMarked
package dev.contexture.constrain.grammar;

import org.jspecify.annotations.NullMarked;
