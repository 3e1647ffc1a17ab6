/** Runs the compiled graph; the only package that imports ai.onnxruntime. */
@NullMarked
package dev.contexture.engine.ort;

import org.jspecify.annotations.NullMarked;
