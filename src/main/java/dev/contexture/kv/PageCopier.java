package dev.contexture.kv;

/** Copies what the first {@code slots} token positions of a page hold to another page: all pools that share page ids. */
public interface PageCopier {
    void copy(int fromPage, int toPage, int slots);
}
