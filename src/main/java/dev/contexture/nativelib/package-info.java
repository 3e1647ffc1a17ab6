/** Loads the native library and binds its flat C interface through the foreign function API; nothing else. */
@NullMarked
package dev.contexture.nativelib;

import org.jspecify.annotations.NullMarked;
