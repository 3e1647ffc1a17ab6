package dev.contexture.nativelib;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.KvDtype;
import dev.contexture.core.KvGeometry;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What crosses to the native library of the descriptors: sizes that both sides know, and a store that is full. */
class FfmDescriptorsTest {
    @TempDir
    private static Path directory;

    @ParameterizedTest
    @EnumSource(FfmDescriptors.Kind.class)
    void bothSidesCountTheSameBytes(FfmDescriptors.Kind kind) {
        NativeLibrary library = NativeLibrary.openBundled(directory);
        for (int headDim : new int[] {40, 64}) {
            try (FfmKvPool pool = new FfmKvPool(library, new KvGeometry(3, 2, headDim, 16, KvDtype.F16), 64);
                    FfmDescriptors descriptors =
                            new FfmDescriptors(library, pool, 2, new FfmDescriptors.Shape(kind, 4, 3, 0, 2))) {
                long chunk = FfmDescriptors.Shape.chunkBytes(kind, 3, 2, headDim);
                long sequence = descriptors.begin();
                assertThat(descriptors.describe(sequence, pages(), ends(FfmDescriptors.Shape.CHUNK_PIECES)))
                        .isTrue();
                assertThat(descriptors.bytes()).isEqualTo(chunk);
                assertThat(descriptors.describe(sequence, pages(), ends(FfmDescriptors.Shape.CHUNK_PIECES + 1)))
                        .isTrue();
                assertThat(descriptors.bytes()).isEqualTo(2 * chunk);
                long other = descriptors.begin();
                assertThat(descriptors.describe(other, pages(), ends(1)))
                        .as("room for a third chunk")
                        .isFalse();
                descriptors.end(sequence);
                descriptors.end(other);
                assertThat(descriptors.bytes()).isZero();
            }
        }
    }

    private static int[] pages() {
        int[] pages = new int[40];
        for (int i = 0; i < pages.length; i++) {
            pages[i] = i;
        }
        return pages;
    }

    /** Blocks of 16 tokens. */
    private static int[] ends(int blocks) {
        int[] ends = new int[blocks];
        for (int i = 0; i < blocks; i++) {
            ends[i] = 16 * (i + 1);
        }
        return ends;
    }
}
