package dev.contexture.nativelib;

/** Draws tokens from logits that lie in the native library's memory. Used by one thread only. */
public interface NativeSampler {
    /**
     * @param request rows in the order in which the last run's logits were wanted
     * @param tokens ids below this are drawn
     * @return one per row, valid until the next draw
     * @throws NativeException if logits are not numbers, or the draw failed
     */
    DrawnTokens draw(DrawRequest request, int tokens);
}
