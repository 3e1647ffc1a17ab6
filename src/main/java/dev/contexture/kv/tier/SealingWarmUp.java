package dev.contexture.kv.tier;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Seals and opens values of nobody until the runtime has compiled what that takes, which a session that comes back after a start
 * would wait for otherwise (a quarter of a second on two processors; {@code -Dbench.suite=restart}).
 */
public final class SealingWarmUp {
    private static final int MOST_VALUES = 3_000;
    private static final int VALUE_BYTES = 12 << 10;
    private static final StoredName NAME = new StoredName(
            new TierKey(new Scope("0".repeat(32), "0".repeat(16)), 0, 0, BlockPart.INDEX), new BlockForm(0, 1, 1, 1));

    private SealingWarmUp() {}

    /**
     * Returns when enough values were sealed, or it took too long.
     *
     * @param nanos a monotonic clock
     * @return values that were sealed and opened
     */
    public static int run(SecureRandom random, LongSupplier nanos, Duration longest) {
        byte[] master = new byte[MasterKeys.KEY_BYTES];
        random.nextBytes(master);
        BlockSealer sealer =
                new BlockSealer(new TenantKeys(new MasterKeys(Map.of(1, master), 1), new NobodysSalt(), nanos), random);
        ByteBuffer zeros = ByteBuffer.allocate(StoredHeader.CHECKSUM_BYTES + VALUE_BYTES);
        zeros.putInt(0, CheckedPayload.checksumOf(zeros.slice(StoredHeader.CHECKSUM_BYTES, VALUE_BYTES)));
        CheckedPayload payload = new CheckedPayload(zeros.array());
        long begin = nanos.getAsLong();
        int values = 0;
        while (values < MOST_VALUES && nanos.getAsLong() - begin < longest.toNanos()) {
            roundTrip(sealer, payload);
            values++;
        }
        return values;
    }

    private static void roundTrip(BlockSealer sealer, CheckedPayload payload) {
        if (!(sealer.seal(NAME, payload) instanceof SealResult.Passed sealed)
                || !(sealer.open(NAME, sealed.bytes()) instanceof SealResult.Passed)) {
            throw new IllegalStateException("a value that was sealed does not open");
        }
    }

    private record NobodysSalt() implements TenantSalts {
        private static final Salt SALT = new Salt.Known(new byte[SALT_BYTES]);

        @Override
        public Salt find(String namespace) {
            return SALT;
        }

        @Override
        public Salt findOrCreate(String namespace) {
            return SALT;
        }

        @Override
        public boolean erase(String namespace) {
            return false;
        }
    }
}
