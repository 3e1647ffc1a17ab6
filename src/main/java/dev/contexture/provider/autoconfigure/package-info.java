/** Spring Boot's beans of the adapters, each where its framework is on the class path. */
@NullMarked
package dev.contexture.provider.autoconfigure;

import org.jspecify.annotations.NullMarked;
