/** Chooses, before the model runs, which keys and values each row needs (SpeContext, arXiv 2512.00722). */
@NullMarked
package dev.contexture.retrieval;

import org.jspecify.annotations.NullMarked;
