package dev.contexture.core;

/** Where the model is computed. */
public enum ExecutionProvider {
    CPU("contexture"),
    /** One NVIDIA GPU. */
    CUDA("contexture_cuda");

    private final String library;

    ExecutionProvider(String library) {
        this.library = library;
    }

    /** The name of the native library with the operations and the KV pool. */
    public String library() {
        return library;
    }
}
