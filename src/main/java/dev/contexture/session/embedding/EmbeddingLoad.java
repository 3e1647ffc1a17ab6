package dev.contexture.session.embedding;

/**
 * What there is to do.
 *
 * @param requests that are computed or wait
 * @param tokens of these, as far as they are counted yet
 */
public record EmbeddingLoad(int requests, long tokens) {}
