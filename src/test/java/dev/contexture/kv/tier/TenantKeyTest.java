package dev.contexture.kv.tier;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

/** The two vectors of the C2SP's specification of XAES-256-GCM. */
class TenantKeyTest {
    private static final byte[] NONCE = ascii("ABCDEFGHIJKLMNOPQRSTUVWX");
    private static final byte[] PLAIN = ascii("XAES-256-GCM");

    @Test
    void firstVectorOfTheSpecification() throws GeneralSecurityException {
        assertThat(seal(1, "")).isEqualTo("ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
    }

    @Test
    void secondVectorOfTheSpecification() throws GeneralSecurityException {
        assertThat(seal(3, "c2sp.org/XAES-256-GCM"))
                .isEqualTo("986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
    }

    private static String seal(int keyByte, String associated) throws GeneralSecurityException {
        TenantKey key = new TenantKey(new SecretKeySpec(TierTestValues.master(keyByte), "AES"));
        Cipher cipher = key.cipher(Cipher.ENCRYPT_MODE, NONCE);
        cipher.updateAAD(ascii(associated));
        return HexFormat.of().formatHex(cipher.doFinal(PLAIN));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
