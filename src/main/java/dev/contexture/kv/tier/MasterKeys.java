package dev.contexture.kv.tier;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The keys from which all others derive, by id. New values are sealed under the current one; older ones still open. To rotate: add
 * a key, make it current, and take the old one out when what it sealed has expired.
 */
public final class MasterKeys {
    public static final int KEY_BYTES = 32;

    private final Map<Integer, byte[]> keys = new HashMap<>();
    private final int currentId;

    /**
     * @throws IllegalArgumentException if a key has another length than {@link #KEY_BYTES} or the current one is missing
     */
    public MasterKeys(Map<Integer, byte[]> keys, int currentId) {
        keys.forEach((id, key) -> {
            if (key.length != KEY_BYTES) {
                throw new IllegalArgumentException(
                        "master key " + id + " must have " + KEY_BYTES + " bytes but has " + key.length);
            }
            this.keys.put(id, key.clone());
        });
        if (!keys.containsKey(currentId)) {
            throw new IllegalArgumentException(
                    "the current master key is " + currentId + " but there are only " + keys.keySet());
        }
        this.currentId = currentId;
    }

    int currentId() {
        return currentId;
    }

    Optional<byte[]> find(int id) {
        return Optional.ofNullable(keys.get(id));
    }
}
