package dev.contexture.model.store;

import java.nio.file.Path;

/**
 * A model that is present on this machine.
 *
 * @param id the name that clients use
 * @param path a GGUF file, or a folder with safetensors files, config.json and tokenizer.json
 * @param sha256 of the GGUF file, or of the folder's file names and hashes; part of the model's fingerprint
 */
public record ModelFiles(String id, Path path, String sha256) {}
