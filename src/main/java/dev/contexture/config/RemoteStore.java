package dev.contexture.config;

import dev.contexture.kv.tier.MasterKeys;
import dev.contexture.kv.tier.NoRemoteTier;
import dev.contexture.kv.tier.RemoteTier;
import dev.contexture.kv.tier.TenantSalts;
import java.time.Duration;
import java.util.Map;

/**
 * What lies behind host memory, and how what goes there is sealed.
 *
 * @param isThere whether anything does
 * @param timeToLive of what is stored there
 * @param flushTimeout for writing what is not written yet, at the end of the process
 */
public record RemoteStore(
        boolean isThere,
        RemoteTier tier,
        TenantSalts salts,
        MasterKeys keys,
        Duration timeToLive,
        Duration flushTimeout) {
    /** Nothing does. */
    public static RemoteStore none() {
        return new RemoteStore(
                false,
                new NoRemoteTier(),
                new NoSalts(),
                new MasterKeys(Map.of(1, new byte[MasterKeys.KEY_BYTES]), 1),
                Duration.ofHours(1),
                Duration.ZERO);
    }

    /** Nothing is sealed where nothing leaves the process. */
    private static final class NoSalts implements TenantSalts {
        @Override
        public Salt find(String namespace) {
            return new Salt.Absent();
        }

        @Override
        public Salt findOrCreate(String namespace) {
            return new Salt.Unavailable();
        }

        @Override
        public boolean erase(String namespace) {
            return true;
        }
    }
}
