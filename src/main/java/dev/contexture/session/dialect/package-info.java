/** How a model's chat format writes tools, calls of them and thoughts: into prompts, and out of answers. */
@NullMarked
package dev.contexture.session.dialect;

import org.jspecify.annotations.NullMarked;
