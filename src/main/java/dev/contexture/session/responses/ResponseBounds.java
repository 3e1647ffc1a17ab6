package dev.contexture.session.responses;

import dev.contexture.session.store.TenantLedger;
import java.time.Duration;

/**
 * Bounds of what is kept.
 *
 * @param timeToLive from a response's end
 * @param mostPerTenant responses; the oldest goes when there is one more
 * @param mostBytesPerTenant of records, and of what they add to conversations
 * @param mostRecordBytes of one record
 */
public record ResponseBounds(Duration timeToLive, int mostPerTenant, long mostBytesPerTenant, int mostRecordBytes) {
    public ResponseBounds {
        if (timeToLive.isNegative() || timeToLive.isZero()) {
            throw new IllegalArgumentException("contexture.responses.ttl must be positive but is " + timeToLive);
        }
        if (mostPerTenant < 1) {
            throw new IllegalArgumentException(
                    "contexture.responses.max-per-tenant must be at least 1 but is " + mostPerTenant);
        }
        if (mostBytesPerTenant < mostRecordBytes) {
            throw new IllegalArgumentException("contexture.responses.max-bytes-per-tenant must be at least "
                    + "contexture.session.max-record-size (" + mostRecordBytes + "B) but is " + mostBytesPerTenant
                    + "B");
        }
    }

    TenantLedger.Bounds ofTenant() {
        return new TenantLedger.Bounds(mostPerTenant, mostBytesPerTenant);
    }
}
