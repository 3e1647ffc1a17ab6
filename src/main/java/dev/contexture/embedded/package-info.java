/** The engine in somebody else's process: plain Java or Spring Boot. */
@NullMarked
package dev.contexture.embedded;

import org.jspecify.annotations.NullMarked;
