/** Validated configuration records and the one place where objects are wired. */
@NullMarked
package dev.contexture.config;

import org.jspecify.annotations.NullMarked;
