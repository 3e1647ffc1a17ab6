/** Which pages exist, who owns them and which prefixes are known; uses core and nativelib, knows no Spring and no tensor. */
@NullMarked
package dev.contexture.kv;

import org.jspecify.annotations.NullMarked;
