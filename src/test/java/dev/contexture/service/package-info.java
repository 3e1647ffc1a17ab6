/** The running service, with the real model, seen from outside. */
package dev.contexture.service;
