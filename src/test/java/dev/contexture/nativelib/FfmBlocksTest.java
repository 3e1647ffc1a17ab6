package dev.contexture.nativelib;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.KvDtype;
import dev.contexture.core.KvGeometry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Blocks of a pool through the C interface: what goes out comes back, and what does not fit is refused. */
class FfmBlocksTest {
    private static final KvGeometry GEOMETRY = new KvGeometry(3, 2, 64, 16, KvDtype.F16);
    private static final BlockPlace PLACE = new BlockPlace(new int[] {0, 2}, 1, new int[] {3, 1}, 9, 16);
    private static final int LAST_OF_FIRST_PAGE = 15;

    @TempDir
    private static Path directory;

    private static FfmKvPool pool(KvGeometry geometry) {
        return new FfmKvPool(NativeLibrary.openBundled(directory), geometry, 4);
    }

    private static FfmBlocks blocks(FfmKvPool pool) {
        return new FfmBlocks(NativeLibrary.openBundled(directory), pool);
    }

    /** A block's bytes in {@link BlockFormat#F16}: halves between 1 and 2. */
    private static MemorySegment halves(Arena arena, FfmBlocks blocks) {
        MemorySegment bytes = arena.allocate(blocks.bytes(BlockFormat.F16, 2, 16), Long.BYTES);
        Random random = new Random(3);
        for (long at = 0; at < bytes.byteSize(); at += Short.BYTES) {
            bytes.set(ValueLayout.JAVA_SHORT, at, (short) (0x3c00 | random.nextInt(0x400)));
        }
        return bytes;
    }

    @ParameterizedTest
    @EnumSource
    void whatWentOutComesBackOnOtherPages(BlockFormat format) {
        try (Arena arena = Arena.ofConfined();
                FfmKvPool pool = pool(GEOMETRY)) {
            FfmBlocks blocks = blocks(pool);
            blocks.decode(BlockFormat.F16, PLACE, halves(arena, blocks));
            MemorySegment stored = arena.allocate(blocks.bytes(format, 2, 16), Long.BYTES);
            blocks.encode(format, PLACE, stored);
            blocks.decode(
                    format,
                    new BlockPlace(PLACE.layers(), PLACE.kvHead(), new int[] {0, 2}, PLACE.first(), PLACE.tokens()),
                    stored);
            for (boolean value : new boolean[] {false, true}) {
                float[] before = pool.read(2, 3, LAST_OF_FIRST_PAGE, 1, value);
                float[] after = pool.read(2, 0, LAST_OF_FIRST_PAGE, 1, value);
                float step = format == BlockFormat.F16 ? 0 : format == BlockFormat.INT8 ? 0.01f : 0.04f;
                for (int i = 0; i < before.length; i++) {
                    assertThat(before[i]).isBetween(1f, 2f);
                    assertThat(Math.abs(after[i] - before[i])).isLessThanOrEqualTo(step);
                }
                assertThat(pool.read(1, 0, LAST_OF_FIRST_PAGE, 1, value)).containsOnly(0f);
                assertThat(pool.read(2, 0, LAST_OF_FIRST_PAGE, 0, value)).containsOnly(0f);
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefusedWithTheReason() {
        try (Arena arena = Arena.ofConfined();
                FfmKvPool pool = pool(GEOMETRY)) {
            FfmBlocks blocks = blocks(pool);
            MemorySegment bytes = halves(arena, blocks);
            assertThatThrownBy(() -> blocks.encode(BlockFormat.INT8, PLACE, bytes))
                    .isInstanceOf(NativeException.class)
                    .hasMessageContaining("the block has 8192 bytes; it must have 4416");
            BlockPlace beyond = new BlockPlace(PLACE.layers(), 1, PLACE.pages(), 17, 16);
            assertThatThrownBy(() -> blocks.decode(BlockFormat.F16, beyond, bytes))
                    .isInstanceOf(NativeException.class)
                    .hasMessageContaining("the pages hold those below 32");
            assertThatThrownBy(() -> blocks.bytes(BlockFormat.INT4, 2, BlockPlace.MOST_TOKENS + 1))
                    .isInstanceOf(NativeException.class)
                    .hasMessageContaining("tokens is 257; it must be in 1..256");
        }
    }

    @Test
    void poolsOfFloatsHaveNoBlocks() {
        try (FfmKvPool pool = pool(new KvGeometry(3, 2, 64, 16, KvDtype.F32))) {
            FfmBlocks blocks = blocks(pool);
            assertThatThrownBy(() -> blocks.bytes(BlockFormat.F16, 2, 16))
                    .isInstanceOf(NativeException.class)
                    .hasMessageContaining("the pool is of f32");
        }
    }
}
