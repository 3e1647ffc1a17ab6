package dev.contexture.nativelib;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SystemLibrariesTest {
    @Test
    void findsWhatTheLoaderFinds() {
        assertThat(SystemLibraries.isLoadable("libc.so.6")).isTrue();
        assertThat(SystemLibraries.isLoadable("libnothing-of-that-name.so.12")).isFalse();
    }

    @Test
    void knowsGlibc() {
        assertThat(SystemLibraries.glibcVersion())
                .hasValueSatisfying(version -> assertThat(version).matches("2\\.\\d+"));
    }
}
