package dev.contexture.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.contexture.core.ExecutionProvider;
import dev.contexture.core.KvDtype;
import dev.contexture.core.KvGeometry;
import dev.contexture.nativelib.BlockFormat;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

/** Where sessions may go on before they have come back whole. */
class TiersTest {
    private static KvProperties kv(int hostMegabytes, int partialTokens, int chunkTokens) {
        return new KvProperties(
                16,
                DataSize.ofMegabytes(100),
                DataSize.ofBytes(0),
                DataSize.ofMegabytes(hostMegabytes),
                BlockFormat.INT8,
                partialTokens,
                96,
                chunkTokens,
                0,
                DataSize.ofBytes(0));
    }

    private static boolean mayResume(KvProperties kv, int firstDenseLayers, KvDtype dtype) {
        return Tiers.mayResume(kv, firstDenseLayers, new KvGeometry(2, 1, 64, 16, dtype), ExecutionProvider.CUDA);
    }

    @Test
    void sessionsGoOnInPartWhereSomethingIsKeptOfThem() {
        assertThat(mayResume(kv(20, 512, 1), 0, KvDtype.F16)).isTrue();
        assertThat(mayResume(kv(0, 512, 1), 0, KvDtype.F16)).isFalse();
        assertThat(mayResume(kv(20, 0, 1), 0, KvDtype.F16)).isFalse();
        assertThat(mayResume(kv(20, 512, 1), 1, KvDtype.F16)).isFalse();
        assertThat(mayResume(kv(20, 512, 1), 0, KvDtype.BF16)).isFalse();
    }

    @Test
    void chunksWithOneSelectionAreRefusedOnlyWhereTheyWouldBeComputed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> mayResume(kv(20, 512, 8), 0, KvDtype.F16))
                .withMessageContaining("contexture.kv.partial-restore-chunk-tokens is 8");
        assertThat(mayResume(kv(0, 512, 8), 0, KvDtype.F16)).isFalse();
        assertThat(Tiers.mayResume(kv(20, 512, 8), 0, new KvGeometry(2, 1, 64, 16, KvDtype.F16), ExecutionProvider.CPU))
                .isTrue();
    }
}
