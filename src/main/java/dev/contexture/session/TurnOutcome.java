package dev.contexture.session;

/**
 * What a turn left behind.
 *
 * @param turn its number, from 1; of the last complete turn if this one could not be written
 * @param tokens of the session
 * @param matchedMessages of those sent, how many the session had already
 * @param committed whether the turn is part of the session
 * @param persisted whether text and stored blocks outlive this process, as far as is known now
 */
public record TurnOutcome(
        String session, int turn, int tokens, int matchedMessages, boolean committed, boolean persisted) {}
