package dev.contexture.testing;

import dev.contexture.kv.tier.TenantSalts;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/** Salts that can be away. */
public final class InMemorySalts implements TenantSalts {
    private final Map<String, byte[]> salts = new HashMap<>();
    private final Random random;
    private boolean away;
    private int asked;

    public InMemorySalts(long seed) {
        random = new Random(seed);
    }

    public synchronized void setAway(boolean away) {
        this.away = away;
    }

    /** How often somebody wanted a salt. */
    public synchronized int asked() {
        return asked;
    }

    @Override
    public synchronized Salt find(String namespace) {
        asked++;
        if (away) {
            return new Salt.Unavailable();
        }
        byte[] salt = salts.get(namespace);
        return salt == null ? new Salt.Absent() : new Salt.Known(salt);
    }

    @Override
    public synchronized Salt findOrCreate(String namespace) {
        asked++;
        if (away) {
            return new Salt.Unavailable();
        }
        return new Salt.Known(salts.computeIfAbsent(namespace, name -> {
            byte[] salt = new byte[SALT_BYTES];
            random.nextBytes(salt);
            return salt;
        }));
    }

    @Override
    public synchronized boolean erase(String namespace) {
        if (away) {
            return false;
        }
        salts.remove(namespace);
        return true;
    }
}
