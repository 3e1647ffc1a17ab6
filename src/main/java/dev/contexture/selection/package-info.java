/** From budgets and confidence to what a row may attend to. */
@NullMarked
package dev.contexture.selection;

import org.jspecify.annotations.NullMarked;
