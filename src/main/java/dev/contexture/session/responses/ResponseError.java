package dev.contexture.session.responses;

/** Why a response failed, as its caller is told. */
public record ResponseError(String code, String message) {}
