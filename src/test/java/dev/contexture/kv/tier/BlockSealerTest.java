package dev.contexture.kv.tier;

import static dev.contexture.kv.tier.TierTestValues.FORM;
import static dev.contexture.kv.tier.TierTestValues.MASTER_ID;
import static dev.contexture.kv.tier.TierTestValues.SCOPE;
import static dev.contexture.kv.tier.TierTestValues.TENANT;
import static dev.contexture.kv.tier.TierTestValues.checked;
import static dev.contexture.kv.tier.TierTestValues.key;
import static dev.contexture.kv.tier.TierTestValues.master;
import static dev.contexture.kv.tier.TierTestValues.name;
import static dev.contexture.kv.tier.TierTestValues.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.contexture.testing.InMemorySalts;
import dev.contexture.testing.ManualClock;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockSealerTest {
    private static final int HEADER_BITS = 8 * StoredHeader.BYTES;

    private final ManualClock clock = new ManualClock();
    private final InMemorySalts salts = new InMemorySalts(1);
    private final BlockSealer sealer = sealer(TierTestValues.masters());
    private final StoredName name = name(key(5));
    private final byte[] payload = payload(key(5), 700);

    private BlockSealer sealer(MasterKeys masters) {
        return new BlockSealer(new TenantKeys(masters, salts, clock), TierTestValues.random(3));
    }

    private ByteBuffer seal(StoredName sealed) {
        return seal(sealer, sealed);
    }

    private ByteBuffer seal(BlockSealer by, StoredName sealed) {
        assertThat(by.seal(sealed, checked(payload))).isInstanceOf(SealResult.Passed.class);
        return ((SealResult.Passed) by.seal(sealed, checked(payload))).bytes();
    }

    private static byte[] opened(SealResult result) {
        assertThat(result).isInstanceOf(SealResult.Passed.class);
        ByteBuffer bytes = ((SealResult.Passed) result).bytes();
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        return copy;
    }

    private RefusalReason refusal(StoredName expected, ByteBuffer value) {
        SealResult result = sealer.open(expected, value);
        assertThat(result).isInstanceOf(SealResult.Refused.class);
        return ((SealResult.Refused) result).reason();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15, 16, 17, 4096, 50_001})
    void whatWasSealedOpens(int bytes) {
        byte[] any = payload(key(9), bytes);
        SealResult.Passed sealed = (SealResult.Passed) sealer.seal(name, checked(any));
        assertThat(sealed.bytes().remaining()).isEqualTo(bytes + StoredHeader.OVERHEAD_BYTES);
        assertThat(opened(sealer.open(name, sealed.bytes()))).isEqualTo(any);
    }

    @Test
    void aValueMayLieAnywhereInABufferOfAnyKind() {
        ByteBuffer sealed = seal(name);
        ByteBuffer direct = ByteBuffer.allocateDirect(sealed.remaining() + 9);
        direct.position(4).put(sealed.duplicate()).flip().position(4);
        assertThat(opened(sealer.open(name, direct))).isEqualTo(payload);
        assertThat(opened(sealer.open(name, direct.asReadOnlyBuffer()))).isEqualTo(payload);
    }

    @Test
    void nothingOfThePayloadIsReadable() {
        byte[] zeros = new byte[4096];
        byte[] sealed =
                ((SealResult.Passed) sealer.seal(name, checked(zeros))).bytes().array();
        int zeroBytes = 0;
        for (int i = StoredHeader.BYTES; i < sealed.length; i++) {
            zeroBytes += sealed[i] == 0 ? 1 : 0;
        }
        assertThat(zeroBytes).isLessThan(60);
    }

    @Test
    void noNonceComesTwice() {
        Set<ByteBuffer> nonces = new HashSet<>();
        for (int i = 0; i < 2_000; i++) {
            nonces.add(ByteBuffer.wrap(StoredHeader.nonce(seal(name).array())));
        }
        assertThat(nonces).hasSize(2_000);
    }

    @Test
    void everyFlippedBitOfTheHeaderIsRefusedForWhatItIs() {
        byte[] sealed = seal(name).array();
        Set<RefusalReason> seen = EnumSet.noneOf(RefusalReason.class);
        for (int bit = 0; bit < HEADER_BITS; bit++) {
            RefusalReason reason = refusal(name, ByteBuffer.wrap(flipped(sealed, bit)));
            assertThat(reason).as("bit %d of byte %d", bit % 8, bit / 8).isEqualTo(expectedOfByte(bit / 8));
            seen.add(reason);
        }
        assertThat(seen)
                .containsExactlyInAnyOrder(
                        RefusalReason.MAGIC,
                        RefusalReason.VERSION,
                        RefusalReason.LENGTH,
                        RefusalReason.FINGERPRINT,
                        RefusalReason.TENANT,
                        RefusalReason.KEY,
                        RefusalReason.CODEC,
                        RefusalReason.GEOMETRY,
                        RefusalReason.TOKEN_COUNT,
                        RefusalReason.KEY_UNKNOWN,
                        RefusalReason.TAG);
    }

    /** The layout as documented, written down once more. */
    private static RefusalReason expectedOfByte(int at) {
        if (at < 4) {
            return RefusalReason.MAGIC;
        } else if (at < 6) {
            return RefusalReason.VERSION;
        } else if (at < 7) {
            return RefusalReason.CODEC;
        } else if (at < 10) {
            return RefusalReason.KEY;
        } else if (at < 14) {
            return RefusalReason.GEOMETRY;
        } else if (at < 16) {
            return RefusalReason.TOKEN_COUNT;
        } else if (at < 24) {
            return RefusalReason.FINGERPRINT;
        } else if (at < 40) {
            return RefusalReason.TENANT;
        } else if (at < 56) {
            return RefusalReason.KEY;
        } else if (at < 60) {
            return RefusalReason.KEY_UNKNOWN;
        } else if (at < 64) {
            return RefusalReason.LENGTH;
        }
        return RefusalReason.TAG;
    }

    @Test
    void everyFlippedBitBehindTheHeaderIsRefused() {
        byte[] sealed = seal(name).array();
        int bits = 8 * sealed.length;
        for (int bit = HEADER_BITS; bit < bits; bit++) {
            assertThat(refusal(name, ByteBuffer.wrap(flipped(sealed, bit)))).isEqualTo(RefusalReason.TAG);
        }
    }

    private static byte[] flipped(byte[] bytes, int bit) {
        byte[] copy = bytes.clone();
        copy[bit / 8] ^= (byte) (1 << bit % 8);
        return copy;
    }

    @Test
    void everyOtherLengthIsRefused() {
        byte[] sealed = seal(name).array();
        for (int length = 0; length < sealed.length; length++) {
            assertThat(refusal(name, ByteBuffer.wrap(sealed, 0, length))).isEqualTo(RefusalReason.LENGTH);
        }
        assertThat(refusal(name, ByteBuffer.wrap(Arrays.copyOf(sealed, sealed.length + 1))))
                .isEqualTo(RefusalReason.LENGTH);
    }

    @Test
    void aValueIsOnlyGoodForWhatItWasSealedAs() {
        ByteBuffer sealed = seal(name);
        TierKey key = name.key();
        Scope otherTenant = new Scope(TierTestValues.OTHER_TENANT, TierTestValues.FINGERPRINT);
        Scope otherModel = new Scope(TENANT, "00112233aabbccde");
        assertThat(refusal(named(otherTenant, key.part()), sealed)).isEqualTo(RefusalReason.TENANT);
        assertThat(refusal(named(otherModel, key.part()), sealed)).isEqualTo(RefusalReason.FINGERPRINT);
        assertThat(refusal(named(SCOPE, BlockPart.INDEX), sealed)).isEqualTo(RefusalReason.KEY);
        assertThat(refusal(named(SCOPE, new BlockPart.Rows(1, 3)), sealed)).isEqualTo(RefusalReason.KEY);
        assertThat(refusal(name(key(6)), sealed)).isEqualTo(RefusalReason.KEY);
        assertThat(refusal(new StoredName(key, new BlockForm(2, 15, 64, 16)), sealed))
                .isEqualTo(RefusalReason.CODEC);
        assertThat(refusal(new StoredName(key, new BlockForm(1, 14, 64, 16)), sealed))
                .isEqualTo(RefusalReason.GEOMETRY);
        assertThat(refusal(new StoredName(key, new BlockForm(1, 15, 64, 17)), sealed))
                .isEqualTo(RefusalReason.TOKEN_COUNT);
        assertThat(opened(sealer.open(name, sealed))).isEqualTo(payload);
    }

    private StoredName named(Scope scope, BlockPart part) {
        return new StoredName(
                new TierKey(scope, name.key().hashHigh(), name.key().hashLow(), part), FORM);
    }

    @Test
    void anotherTenantsValueDoesNotPassWithAForgedHeader() {
        Scope other = new Scope(TierTestValues.OTHER_TENANT, TierTestValues.FINGERPRINT);
        byte[] stolen = seal(named(other, name.key().part())).array();
        System.arraycopy(seal(name).array(), 24, stolen, 24, 16);
        assertThat(refusal(name, ByteBuffer.wrap(stolen))).isEqualTo(RefusalReason.TAG);
    }

    @Test
    void damagedMemoryIsNotSealed() {
        byte[] bytes = checked(payload).bytes().clone();
        bytes[50] ^= 1;
        assertThat(sealer.seal(name, new CheckedPayload(bytes)))
                .isEqualTo(new SealResult.Refused(RefusalReason.CHECKSUM));
    }

    @Test
    void oldMasterKeysOpenUntilTheyAreTakenOut() {
        ByteBuffer old = seal(name);
        BlockSealer rotated = sealer(new MasterKeys(Map.of(MASTER_ID, master(7), 8, master(8)), 8));
        assertThat(opened(rotated.open(name, old))).isEqualTo(payload);
        ByteBuffer fresh = seal(rotated, name);
        assertThat(StoredHeader.masterKeyId(fresh.array())).isEqualTo(8);
        assertThat(opened(rotated.open(name, fresh))).isEqualTo(payload);
        BlockSealer without = sealer(new MasterKeys(Map.of(8, master(8)), 8));
        assertThat(without.open(name, old)).isEqualTo(new SealResult.Refused(RefusalReason.KEY_UNKNOWN));
        BlockSealer another = sealer(new MasterKeys(Map.of(8, master(9)), 8));
        assertThat(another.open(name, fresh)).isEqualTo(new SealResult.Refused(RefusalReason.TAG));
    }

    @Test
    void withoutItsSaltNothingOfATenantOpensEverAgain() {
        ByteBuffer before = seal(name);
        assertThat(sealer.erase(TENANT)).isTrue();
        assertThat(refusal(name, before)).isEqualTo(RefusalReason.ERASED);
        ByteBuffer after = seal(name);
        assertThat(opened(sealer.open(name, after))).isEqualTo(payload);
        assertThat(refusal(name, before)).isEqualTo(RefusalReason.TAG);
    }

    @Test
    void anErasureElsewhereIsNoticedWithinAMinute() {
        ByteBuffer before = seal(name);
        salts.erase(TENANT);
        assertThat(opened(sealer.open(name, before))).isEqualTo(payload);
        clock.advance(Duration.ofMinutes(1));
        assertThat(refusal(name, before)).isEqualTo(RefusalReason.ERASED);
    }

    @Test
    void aSaltIsAskedForOnceAMinuteAndKey() {
        for (int i = 0; i < 10; i++) {
            seal(name);
        }
        assertThat(salts.asked()).isEqualTo(1);
    }

    @Test
    void aSaltThatCannotBeReadIsNoErasure() {
        ByteBuffer sealed = seal(name);
        clock.advance(Duration.ofMinutes(1));
        salts.setAway(true);
        assertThat(refusal(name, sealed)).isEqualTo(RefusalReason.SALT_UNAVAILABLE);
        assertThat(sealer.seal(name, checked(payload)))
                .isEqualTo(new SealResult.Refused(RefusalReason.SALT_UNAVAILABLE));
        assertThat(sealer.erase(TENANT)).isFalse();
        salts.setAway(false);
        assertThat(opened(sealer.open(name, sealed))).isEqualTo(payload);
    }

    @Test
    void masterKeysMustBeWhole() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MasterKeys(Map.of(1, new byte[16]), 1))
                .withMessage("master key 1 must have 32 bytes but has 16");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MasterKeys(Map.of(1, master(1)), 2))
                .withMessage("the current master key is 2 but there are only [1]");
    }
}
