/** Chat templates: a subset of Jinja that renders messages to prompt text. */
@NullMarked
package dev.contexture.model.template;

import org.jspecify.annotations.NullMarked;
