package dev.contexture.kv.tier;

import java.util.regex.Pattern;

/**
 * Whose stored blocks, and of what: blocks of two scopes never meet.
 *
 * @param namespace 32 hexadecimal digits derived from the tenant on the server, never the tenant's name itself
 * @param fingerprint 16 hexadecimal digits of everything that a block's bytes depend on but its tokens: weights, tokenizer,
 *     RoPE, dtype, geometry, segmenter, codec, native ABI
 */
public record Scope(String namespace, String fingerprint) {
    private static final Pattern HEX = Pattern.compile("[0-9a-f]*");

    public Scope {
        requireHex(namespace, 32, "namespace");
        requireHex(fingerprint, 16, "fingerprint");
    }

    private static void requireHex(String text, int digits, String name) {
        if (text.length() != digits || !HEX.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    name + " must be " + digits + " hexadecimal digits but is '" + text + "'");
        }
    }
}
