package dev.contexture.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the engine needs beside what every user of the library has: applications that only ask a service do without. */
public final class EngineLibraries {
    /** A class of each, by its coordinates. */
    private static final Map<String, String> NEEDED = new LinkedHashMap<>();

    static {
        NEEDED.put("org.springframework.boot:spring-boot", "org.springframework.boot.context.properties.bind.Binder");
        NEEDED.put("com.microsoft.onnxruntime:onnxruntime (or onnxruntime_gpu)", "ai.onnxruntime.OrtEnvironment");
        NEEDED.put("ai.djl.huggingface:tokenizers", "ai.djl.huggingface.tokenizers.HuggingFaceTokenizer");
        NEEDED.put("com.google.protobuf:protobuf-java", "com.google.protobuf.MessageLite");
    }

    private EngineLibraries() {}

    /**
     * @throws MissingLibraryException names all that are missing
     */
    public static void require() {
        List<String> missing = new ArrayList<>();
        NEEDED.forEach((coordinates, type) -> {
            if (!isThere(type)) {
                missing.add(coordinates);
            }
        });
        if (!missing.isEmpty()) {
            throw new MissingLibraryException(
                    "An engine in this process needs libraries that are not on the class path: "
                            + String.join(", ", missing));
        }
    }

    /**
     * For a Redis that sessions and stored blocks are kept in.
     *
     * @throws MissingLibraryException if its client is missing
     */
    static void requireRedisClient() {
        if (!isThere("io.lettuce.core.RedisClient")) {
            throw new MissingLibraryException(
                    "contexture.redis.url is set, which needs io.lettuce:lettuce-core on the class path");
        }
    }

    private static boolean isThere(String type) {
        try {
            Class.forName(type, false, EngineLibraries.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }
}
