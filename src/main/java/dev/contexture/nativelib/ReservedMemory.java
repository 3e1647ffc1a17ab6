package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A large piece of native memory: address space at once, memory as it is used. An arena would write zeros all over it. What it
 * holds before it is written is not defined.
 */
public final class ReservedMemory implements AutoCloseable {
    private static final MethodHandle ALLOCATE = handle("malloc", FunctionDescriptor.of(ADDRESS, JAVA_LONG));
    private static final MethodHandle FREE = handle("free", FunctionDescriptor.ofVoid(ADDRESS));

    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;

    /**
     * @throws NativeException if there is not so much
     */
    public ReservedMemory(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("memory to reserve must have a positive size but has " + bytes);
        }
        MemorySegment address = allocate(bytes);
        if (address.address() == 0) {
            throw new NativeException("the system does not give " + bytes + " bytes of memory");
        }
        segment = address.reinterpret(bytes, arena, ReservedMemory::free);
    }

    public MemorySegment segment() {
        return segment;
    }

    /** The segment cannot be reached afterwards, by any thread. */
    @Override
    public void close() {
        arena.close();
    }

    private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor);
    }

    private static MemorySegment allocate(long bytes) {
        try {
            return (MemorySegment) ALLOCATE.invokeExact(bytes);
        } catch (Throwable e) {
            throw new IllegalStateException("malloc cannot be called", e);
        }
    }

    private static void free(MemorySegment address) {
        try {
            FREE.invokeExact(address);
        } catch (Throwable e) {
            throw new IllegalStateException("free cannot be called", e);
        }
    }
}
