/** The running service, with the real model, seen from outside. */
@NullMarked
package dev.contexture.service;

import org.jspecify.annotations.NullMarked;
