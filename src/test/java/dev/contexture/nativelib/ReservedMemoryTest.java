package dev.contexture.nativelib;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class ReservedMemoryTest {
    private static final long BYTES = 4L << 30;

    @Test
    void canBeWrittenFromEndToEndUntilItIsClosed() {
        ReservedMemory memory = new ReservedMemory(BYTES);
        MemorySegment segment = memory.segment();
        assertThat(segment.byteSize()).isEqualTo(BYTES);
        segment.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
        segment.set(ValueLayout.JAVA_BYTE, BYTES - 1, (byte) 2);
        assertThat(segment.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 1);
        memory.close();
        assertThatIllegalStateException().isThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void takesNoMemoryBeforeItIsUsed() throws IOException {
        long before = residentPages();
        try (ReservedMemory memory = new ReservedMemory(BYTES)) {
            assertThat(memory.segment().byteSize()).isEqualTo(BYTES);
            assertThat(residentPages() - before).isLessThan(BYTES / 4_096 / 8);
        }
    }

    private static long residentPages() throws IOException {
        return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ", -1)[1]);
    }

    @Test
    void saysWhenThereIsNotSoMuch() {
        assertThatThrownBy(() -> new ReservedMemory(1L << 60))
                .isInstanceOf(NativeException.class)
                .hasMessage("the system does not give 1152921504606846976 bytes of memory");
    }
}
