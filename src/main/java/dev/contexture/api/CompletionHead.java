package dev.contexture.api;

/**
 * What all parts of one answer repeat.
 *
 * @param created seconds since 1970
 */
record CompletionHead(String id, long created, String model, String fingerprint) {}
