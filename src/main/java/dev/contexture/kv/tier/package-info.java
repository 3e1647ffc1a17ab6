/** Stored blocks below the device: their names, their sealed form, and where they lie; uses kv and core, knows no Spring. */
@NullMarked
package dev.contexture.kv.tier;

import org.jspecify.annotations.NullMarked;
