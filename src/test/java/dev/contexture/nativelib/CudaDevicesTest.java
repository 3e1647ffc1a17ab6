package dev.contexture.nativelib;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.ExecutionProvider;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CudaDevicesTest {
    @TempDir
    private Path directory;

    @Test
    void saysWhatWasFoundOrWhatIsMissing() {
        CudaDevices.Found found = CudaDevices.find(directory);
        if (!NativeLibrary.isBundled(ExecutionProvider.CUDA)) {
            assertThat(found.count()).isZero();
            assertThat(found.words()).contains("this build has no CUDA library");
        } else {
            assertThat(found.words()).isNotBlank();
            assertThat(found.count() > 0)
                    .isEqualTo(found.words().contains("MiB)") && !found.words().contains("too old"));
        }
    }
}
