/** Shared vocabulary: records and enums that several packages speak; imports nothing of ours and no framework. */
@NullMarked
package dev.contexture.core;

import org.jspecify.annotations.NullMarked;
