/** A service over HTTP behind the interfaces that the adapters ask; knows OpenAI's wire format and our fields beside it. */
@NullMarked
package dev.contexture.provider.remote;

import org.jspecify.annotations.NullMarked;
