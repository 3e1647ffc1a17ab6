/** One step: reserve, run, sample, commit; uses kv and core, knows no Spring. */
@NullMarked
package dev.contexture.engine;

import org.jspecify.annotations.NullMarked;
