package dev.contexture.scheduler;

import dev.contexture.kv.tier.Owner;
import java.util.LinkedHashSet;

/** The last so many sessions that something became of. */
final class LastOwners {
    private final LinkedHashSet<Owner> owners = new LinkedHashSet<>();
    private final int most;

    LastOwners(int most) {
        this.most = most;
    }

    void add(Owner owner) {
        if (owner.isSession() && owners.add(owner) && owners.size() > most) {
            owners.removeFirst();
        }
    }

    void remove(Owner owner) {
        owners.remove(owner);
    }

    boolean contains(Owner owner) {
        return owners.contains(owner);
    }
}
