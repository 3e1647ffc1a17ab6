package dev.contexture.core;

/** A token and the natural logarithm of its probability under the model, before temperature and penalties. */
public record TokenLogprob(int tokenId, float logprob) {}
