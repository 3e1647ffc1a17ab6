package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A page of a list of sessions.
 *
 * @param lastId where the next page begins: also of one that was left out of the data; absent if the page is empty
 */
record PageBody<T>(
        @JsonProperty("object") String object,
        @JsonProperty("data") List<T> data,
        @JsonProperty("first_id") @Nullable String firstId,
        @JsonProperty("last_id") @Nullable String lastId,
        @JsonProperty("has_more") boolean hasMore) {
    /**
     * @param lastId empty if the page is
     */
    static <T> PageBody<T> of(List<T> data, Function<T, String> id, String lastId, boolean hasMore) {
        return new PageBody<>(
                "list",
                data,
                data.isEmpty() ? null : id.apply(data.getFirst()),
                lastId.isEmpty() ? null : lastId,
                hasMore);
    }
}
