/** Who runs in the next step; owns the loop and the only thread that changes scheduler, engine and kv state; knows no Spring. */
@NullMarked
package dev.contexture.scheduler;

import org.jspecify.annotations.NullMarked;
