/** The application's entry point; everything else lives in the packages below. */
@NullMarked
package dev.contexture;

import org.jspecify.annotations.NullMarked;
