package dev.contexture.config;

import dev.contexture.session.SessionSettings;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Sessions.
 *
 * @param defaultTtl after the last use, where a session asks for none
 * @param maxTtl most that a session may ask for
 * @param lease how long a replica may go on with a turn without being heard of
 * @param maxWait most that a turn may wait for another of its session
 * @param maxRecordSize of a conversation's text, tokens and metadata
 * @param maxInMemory sessions that are kept where there is no Redis
 */
@ConfigurationProperties("contexture.session")
public record SessionProperties(
        @DefaultValue("7d") Duration defaultTtl,
        @DefaultValue("30d") Duration maxTtl,
        @DefaultValue("15s") Duration lease,
        @DefaultValue("30s") Duration maxWait,
        @DefaultValue("4MB") DataSize maxRecordSize,
        @DefaultValue("10000") int maxInMemory) {
    public SessionProperties {
        if (maxInMemory < 1) {
            throw new IllegalArgumentException(
                    "contexture.session.max-in-memory must be at least 1 but is " + maxInMemory);
        }
    }

    SessionSettings settings() {
        return new SessionSettings(
                defaultTtl, maxTtl, lease, maxWait, (int) Math.min(Integer.MAX_VALUE, maxRecordSize.toBytes()));
    }
}
