/** Cuts token streams into semantic blocks (DynSplit-KV, arXiv 2602.03184); uses core and kv's block cutter, knows no Spring. */
@NullMarked
package dev.contexture.split;

import org.jspecify.annotations.NullMarked;
