/** The retrieval head's file: what a head looks like and whether it fits a model. */
@NullMarked
package dev.contexture.model.head;

import org.jspecify.annotations.NullMarked;
