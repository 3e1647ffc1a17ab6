package dev.contexture.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;

/**
 * What a pool of keys and values has room for, which follows from a cap before anything is measured.
 *
 * @param pages of the pool
 */
record DeviceMemory(int pages, int pageTokens) {
    /** More rows are not decoded by captured graphs. */
    static final int MOST_SEQUENCES = 64;

    /**
     * A cap as it is shared out.
     *
     * @param capBytes for everything
     * @param weightBytes of the model and its head
     * @param reserveBytes for activations, logits, captured graphs and what the driver takes
     */
    record Cap(long capBytes, long weightBytes, long reserveBytes) {
        Cap {
            if (capBytes <= weightBytes + reserveBytes) {
                throw new IllegalArgumentException("bench.cap-bytes (" + capBytes + ") must hold weights ("
                        + weightBytes + ") and reserve (" + reserveBytes + ")");
            }
        }

        /** Left for keys and values, and what lies beside their pages. */
        long poolBytes() {
            return capBytes - weightBytes - reserveBytes;
        }

        /**
         * @param pinnedBytes of host memory besides
         */
        int pages(long bytesPerPage, long pinnedBytes) {
            return Math.toIntExact((poolBytes() + pinnedBytes) / bytesPerPage);
        }
    }

    /** Sequences of so many tokens that fit at once; 0: not even one. */
    int batch(int tokens) {
        return Math.min(MOST_SEQUENCES, pages / Math.ceilDiv(tokens, pageTokens));
    }

    /** Tokens that each of so many sequences can have, in whole pages. */
    int tokensOf(int sequences) {
        return pages / sequences * pageTokens;
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
