/**
 * Responses: answers that are kept as records with what was asked, and go on from one another; their conversations are sessions of
 * their own. Uses session.
 */
@NullMarked
package dev.contexture.session.responses;

import org.jspecify.annotations.NullMarked;
