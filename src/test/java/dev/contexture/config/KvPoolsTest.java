package dev.contexture.config;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.KvDtype;
import dev.contexture.core.KvGeometry;
import dev.contexture.nativelib.NativeLibrary;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KvPoolsTest {
    @Test
    void memoryThatCannotBeHadNamesTheSetting(@TempDir Path directory) {
        NativeLibrary library = NativeLibrary.openBundled(directory);
        KvGeometry geometry = new KvGeometry(64, 8, 128, 128, KvDtype.F16);
        assertThatThrownBy(() -> KvPools.open(library, geometry, 1 << 24, Optional.empty()))
                .isInstanceOf(InvalidSettingException.class)
                .hasMessageContaining("set contexture.kv.device-bytes lower");
    }
}
