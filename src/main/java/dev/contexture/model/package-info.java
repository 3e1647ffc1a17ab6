/** Model files, architectures, graph compiler, tokenizer and chat templates; uses core only, no Spring, no ONNX Runtime. */
@NullMarked
package dev.contexture.model;

import org.jspecify.annotations.NullMarked;
