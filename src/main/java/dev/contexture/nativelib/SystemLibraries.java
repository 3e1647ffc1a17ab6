package dev.contexture.nativelib;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** What the system's dynamic loader has for this process. */
public final class SystemLibraries {
    private SystemLibraries() {}

    /** Whether the loader finds the library, and all that it is linked with in turn; it is let go at once. */
    public static boolean isLoadable(String name) {
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup.libraryLookup(name, arena);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** The version of glibc; empty where the C library is another. */
    public static Optional<String> glibcVersion() {
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup()
                .find("gnu_get_libc_version")
                .map(symbol -> linker.downcallHandle(symbol, FunctionDescriptor.of(ValueLayout.ADDRESS)))
                .map(version -> {
                    try {
                        return NativeLibrary.text((MemorySegment) version.invokeExact());
                    } catch (Throwable e) {
                        throw new NativeException("gnu_get_libc_version cannot be called", e);
                    }
                });
    }
}
