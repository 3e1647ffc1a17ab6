package dev.contexture.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PendingWritesTest {
    @Test
    void noTenantTakesAllPlaces() {
        PendingWrites writes = new PendingWrites(3, 2);
        assertThat(writes.begin("a")).isTrue();
        assertThat(writes.begin("a")).isTrue();
        assertThat(writes.begin("a")).isFalse();
        assertThat(writes.begin("b")).isTrue();
        assertThat(writes.begin("b")).as("of all").isFalse();
        writes.end("a");
        assertThat(writes.begin("b")).isTrue();
        writes.end("b");
        writes.end("b");
        assertThat(writes.begin("a")).isTrue();
        assertThat(writes.begin("a")).isFalse();
    }
}
