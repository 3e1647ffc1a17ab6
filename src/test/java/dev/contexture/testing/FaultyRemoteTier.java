package dev.contexture.testing;

import dev.contexture.kv.tier.RemoteTier;
import dev.contexture.kv.tier.TierKey;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * A remote tier that does what tiers do at their worst, as a seed says: it is away, full, late, forgets, flips bits, cuts values off and
 * gives the value of another key. Answers wait until {@link #answerSome}.
 */
public final class FaultyRemoteTier implements RemoteTier {
    /** What can go wrong with a value. */
    public enum Fault {
        FLIPPED_BIT,
        CUT_OFF,
        ANOTHERS,
        FORGOTTEN,
        UNAVAILABLE,
        FULL,
        FLUSHED
    }

    private final Random random;
    private final Map<TierKey, byte[]> values = new HashMap<>();
    private final ArrayDeque<Runnable> answers = new ArrayDeque<>();
    private boolean away;

    /** One of so many values goes wrong; 0: none. */
    public int faultInterval = 12;

    public final Map<Fault, Integer> faults = new EnumMap<>(Fault.class);

    public FaultyRemoteTier(Random random) {
        this.random = random;
    }

    /** Some of the answers that wait, in any order; now and then the tier goes away, comes back, or loses everything. */
    public void answerSome() {
        if (random.nextInt(60) == 0 && faultInterval > 0) {
            away = !away;
        }
        if (random.nextInt(400) == 0 && faultInterval > 0) {
            values.clear();
            count(Fault.FLUSHED);
        }
        List<Runnable> waiting = new ArrayList<>(answers);
        answers.clear();
        Collections.shuffle(waiting, random);
        for (Runnable answer : waiting) {
            if (random.nextInt(3) == 0) {
                answers.add(answer);
            } else {
                answer.run();
            }
        }
    }

    /** Everything that waits, and no fault any more. */
    public void recover() {
        faultInterval = 0;
        away = false;
        while (!answers.isEmpty()) {
            answers.removeFirst().run();
        }
    }

    public boolean holds(TierKey key) {
        return values.containsKey(key);
    }

    private void count(Fault fault) {
        faults.merge(fault, 1, Integer::sum);
    }

    private boolean goesWrong() {
        return faultInterval > 0 && random.nextInt(faultInterval) == 0;
    }

    private <T> CompletionStage<T> later(Supplier<T> answer) {
        CompletableFuture<T> future = new CompletableFuture<>();
        answers.add(() -> future.complete(answer.get()));
        return future;
    }

    @Override
    public State state() {
        return away ? State.UNAVAILABLE : State.AVAILABLE;
    }

    @Override
    public CompletionStage<List<Loaded>> load(List<TierKey> keys) {
        return later(() -> {
            if (away) {
                count(Fault.UNAVAILABLE);
                return Collections.nCopies(keys.size(), new Loaded.Unavailable("away"));
            }
            return keys.stream().map(this::loaded).toList();
        });
    }

    private Loaded loaded(TierKey key) {
        byte[] value = values.get(key);
        if (value == null) {
            return new Loaded.Missing();
        }
        if (!goesWrong()) {
            return new Loaded.Found(ByteBuffer.wrap(value.clone()));
        }
        Fault fault = Fault.values()[random.nextInt(4)];
        count(fault);
        return switch (fault) {
            case FLIPPED_BIT -> {
                byte[] flipped = value.clone();
                int bit = random.nextInt(8 * flipped.length);
                flipped[bit / 8] ^= (byte) (1 << bit % 8);
                yield new Loaded.Found(ByteBuffer.wrap(flipped));
            }
            case CUT_OFF -> new Loaded.Found(ByteBuffer.wrap(value, 0, random.nextInt(value.length)));
            case ANOTHERS -> {
                List<byte[]> all = new ArrayList<>(values.values());
                byte[] others = all.get(random.nextInt(all.size()));
                yield new Loaded.Found(ByteBuffer.wrap(others.clone()));
            }
            default -> {
                values.remove(key);
                yield new Loaded.Missing();
            }
        };
    }

    @Override
    public CompletionStage<List<Stored>> store(List<Entry> entries, Duration timeToLive) {
        return later(() -> entries.stream().map(this::stored).toList());
    }

    private Stored stored(Entry entry) {
        if (away) {
            count(Fault.UNAVAILABLE);
            return Stored.UNAVAILABLE;
        }
        if (goesWrong()) {
            boolean full = random.nextBoolean();
            count(full ? Fault.FULL : Fault.UNAVAILABLE);
            return full ? Stored.FULL : Stored.UNAVAILABLE;
        }
        byte[] value = new byte[entry.value().remaining()];
        entry.value().duplicate().get(value);
        values.put(entry.key(), value);
        return Stored.STORED;
    }

    @Override
    public CompletionStage<List<Boolean>> touch(List<TierKey> keys, Duration timeToLive) {
        return later(
                () -> keys.stream().map(key -> !away && values.containsKey(key)).toList());
    }

    @Override
    public CompletionStage<Boolean> remove(List<TierKey> keys) {
        return later(() -> {
            if (away) {
                return false;
            }
            keys.forEach(values::remove);
            return true;
        });
    }

    @Override
    public void close() {}
}
