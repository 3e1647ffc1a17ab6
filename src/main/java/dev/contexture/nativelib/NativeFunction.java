package dev.contexture.nativelib;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * One function of the native library. Callers invoke its handle in a lambda, as only they know its exact type. A failure that
 * shows (a status, no id, no array) becomes an exception with the library's own words.
 */
final class NativeFunction {
    private final NativeLibrary library;
    private final String name;
    private final MethodHandle handle;

    /** A call that gives a status or a count. */
    interface IntCall {
        int invoke(MethodHandle handle) throws Throwable;
    }

    /** A call that gives an id or a size. */
    interface LongCall {
        long invoke(MethodHandle handle) throws Throwable;
    }

    /** A call that gives an array of the library's. */
    interface AddressCall {
        MemorySegment invoke(MethodHandle handle) throws Throwable;
    }

    NativeFunction(NativeLibrary library, String name, MethodHandle handle) {
        this.library = library;
        this.name = name;
        this.handle = handle;
    }

    /**
     * @throws NativeException if the status is not zero
     */
    void run(IntCall call) {
        run(0, call);
    }

    /**
     * @param expected a status that is an answer, not a failure
     * @return whether the status is zero
     * @throws NativeException if it is neither
     */
    boolean run(int expected, IntCall call) {
        int status = number(call);
        if (status != 0 && status != expected) {
            throw library.failure();
        }
        return status == 0;
    }

    /**
     * @throws NativeException if the id is zero
     */
    long id(LongCall call) {
        long id = size(call);
        if (id == 0) {
            throw library.failure();
        }
        return id;
    }

    int number(IntCall call) {
        try {
            return call.invoke(handle);
        } catch (Throwable e) {
            throw cannotBeCalled(e);
        }
    }

    long size(LongCall call) {
        try {
            return call.invoke(handle);
        } catch (Throwable e) {
            throw cannotBeCalled(e);
        }
    }

    /**
     * @throws NativeException if there is no array
     */
    MemorySegment array(AddressCall call) {
        MemorySegment array;
        try {
            array = call.invoke(handle);
        } catch (Throwable e) {
            throw cannotBeCalled(e);
        }
        if (array.address() == 0) {
            throw library.failure();
        }
        return array;
    }

    private NativeException cannotBeCalled(Throwable cause) {
        return new NativeException(name + " cannot be called", cause);
    }
}
