/** Adapters that let other frameworks use Contexture as a model provider; they translate and do nothing else. */
@NullMarked
package dev.contexture.provider;

import org.jspecify.annotations.NullMarked;
