package dev.contexture.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;

/**
 * Memory under a cap, as it is shared out before anything is measured.
 *
 * @param capBytes for everything
 * @param weightBytes of the model
 * @param reserveBytes for activations, logits, captured graphs and what the driver takes
 * @param bytesPerPage of keys and values, with what lies beside them
 */
record DeviceMemory(long capBytes, long weightBytes, long reserveBytes, long bytesPerPage, int pageTokens) {
    /** More rows are not decoded by captured graphs. */
    static final int MOST_SEQUENCES = 64;

    DeviceMemory {
        if (capBytes < weightBytes + reserveBytes + bytesPerPage) {
            throw new IllegalArgumentException("bench.cap-bytes (" + capBytes + ") must hold weights (" + weightBytes
                    + "), reserve (" + reserveBytes + ") and a page (" + bytesPerPage + ")");
        }
    }

    int pages() {
        return Math.toIntExact((capBytes - weightBytes - reserveBytes) / bytesPerPage);
    }

    /** Sequences of so many tokens that fit at once; 0: not even one. */
    int batch(int tokens) {
        return Math.min(MOST_SEQUENCES, pages() / Math.ceilDiv(tokens, pageTokens));
    }

    /** Tokens that each of so many sequences can have, in whole pages. */
    int tokensOf(int sequences) {
        return pages() / sequences * pageTokens;
    }

    /** What all processes have taken of the device, by nvidia-smi; empty where there is none. */
    static OptionalLong usedBytes() throws InterruptedException {
        try {
            Process process = new ProcessBuilder(
                            "nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0")
                    .start();
            try (InputStream in = process.getInputStream()) {
                String text = new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
                return process.waitFor() == 0 ? OptionalLong.of(Long.parseLong(text) << 20) : OptionalLong.empty();
            }
        } catch (IOException | NumberFormatException e) {
            return OptionalLong.empty();
        }
    }
}
