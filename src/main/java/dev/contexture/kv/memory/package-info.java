/** How many layers' keys and values fit the device, and which move when that changes: pure arithmetic and policy. */
@NullMarked
package dev.contexture.kv.memory;

import org.jspecify.annotations.NullMarked;
