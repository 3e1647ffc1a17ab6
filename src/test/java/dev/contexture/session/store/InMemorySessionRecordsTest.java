package dev.contexture.session.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class InMemorySessionRecordsTest extends SessionRecordsContract {
    private final SessionRecords records = new InMemorySessionRecords(100, System::currentTimeMillis);

    @Override
    SessionRecords records() {
        return records;
    }

    @Test
    void isBounded() {
        AtomicLong millis = new AtomicLong();
        SessionRecords few = new InMemorySessionRecords(2, millis::get);
        for (String id : new String[] {"a", "b"}) {
            assertThat(few.create(new SessionRecords.Key("n", id), new byte[1], Duration.ofSeconds(1))
                            .block())
                    .isTrue();
        }
        SessionRecords.Key third = new SessionRecords.Key("n", "c");
        assertThatThrownBy(() ->
                        few.create(third, new byte[1], Duration.ofSeconds(1)).block())
                .isInstanceOf(SessionStoreUnavailableException.class);
        millis.set(2_000);
        assertThat(few.create(third, new byte[1], Duration.ofSeconds(1)).block())
                .isTrue();
    }
}
