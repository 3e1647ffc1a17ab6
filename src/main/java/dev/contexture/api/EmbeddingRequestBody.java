package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/** Body of POST /v1/embeddings, as sent; nothing is checked but types. */
@Schema(name = "EmbeddingRequest")
record EmbeddingRequestBody(
        @JsonProperty("model") @Nullable String model,

        @Schema(description = "A string, an array of strings, an array of token ids, or an array of such arrays")
        @JsonProperty("input")
        @Nullable
        Object input,

        @Schema(allowableValues = {"float", "base64"}) @JsonProperty("encoding_format") @Nullable
        String encodingFormat,

        @JsonProperty("dimensions") @Nullable Integer dimensions,
        @JsonProperty("user") @Nullable String user) {}
