/** Compiles a model file into an ONNX graph with our attention op. */
@NullMarked
package dev.contexture.model.graph;

import org.jspecify.annotations.NullMarked;
