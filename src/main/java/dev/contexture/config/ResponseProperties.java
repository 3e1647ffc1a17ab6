package dev.contexture.config;

import dev.contexture.session.responses.ResponseBounds;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Responses that are kept.
 *
 * @param ttl how long a response is kept after it was made
 * @param maxPerTenant most that a tenant has; the oldest goes when there is one more
 * @param maxBytesPerTenant of a tenant's records, and of what they add to conversations; the oldest go when there are more
 */
@ConfigurationProperties("contexture.responses")
public record ResponseProperties(
        @DefaultValue("30d") Duration ttl,
        @DefaultValue("10000") int maxPerTenant,
        @DefaultValue("256MB") DataSize maxBytesPerTenant) {
    /**
     * @param maxRecordBytes of one response, and of one conversation
     */
    ResponseBounds bounds(int maxRecordBytes) {
        return new ResponseBounds(ttl, maxPerTenant, maxBytesPerTenant.toBytes(), maxRecordBytes);
    }
}
