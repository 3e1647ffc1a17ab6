package dev.contexture.kv;

import java.util.ArrayList;
import java.util.List;

/** What must hold between two steps. */
public final class KvInvariants {
    private KvInvariants() {}

    /** Every violation, in words; empty when the state is sound. */
    public static List<String> check(KvSnapshot snapshot) {
        List<String> violations = new ArrayList<>();
        int total = snapshot.references().length;
        int[] users = new int[total];
        int[] places = new int[total];
        for (KvSnapshot.SequencePages sequence : snapshot.sequences()) {
            int needed = Math.ceilDiv(sequence.committed(), snapshot.pageTokens());
            if (sequence.pages().length != needed) {
                violations.add("sequence " + sequence.sequenceId() + " has " + sequence.pages().length + " pages for "
                        + sequence.committed() + " tokens, which need " + needed);
            }
            for (int i = 0; i < sequence.pages().length; i++) {
                int page = sequence.pages()[i];
                users[page]++;
                boolean full = (i + 1) * snapshot.pageTokens() <= sequence.committed();
                if (!full && snapshot.references()[page] > 1) {
                    violations.add(
                            "page " + page + " is shared but sequence " + sequence.sequenceId() + " still writes it");
                }
            }
        }
        for (int page : snapshot.freePages()) {
            places[page]++;
        }
        for (int page : snapshot.cachedPages()) {
            places[page]++;
        }
        for (int page = 0; page < total; page++) {
            if (users[page] != snapshot.references()[page]) {
                violations.add(
                        "page " + page + " counts " + snapshot.references()[page] + " users but has " + users[page]);
            }
            int expected = users[page] == 0 ? 1 : 0;
            if (places[page] != expected) {
                violations.add("page " + page + " with " + users[page] + " users is " + places[page]
                        + " times free or cached");
            }
        }
        return violations;
    }
}
