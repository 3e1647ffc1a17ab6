package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BackgroundTimeTest {
    private final BackgroundTime time = new BackgroundTime(0.1, 50);

    @Test
    void whereNothingRunsThereIsAllOfIt() {
        time.earn(0);
        assertThat(time.leftNanos()).isEqualTo(50);
        time.spend(80);
        time.earn(0);
        assertThat(time.leftNanos()).isEqualTo(50);
    }

    @Test
    void stepsLeaveTheirShare() {
        time.earn(200);
        assertThat(time.leftNanos()).isEqualTo(20);
        for (int i = 0; i < 10; i++) {
            time.earn(200);
        }
        assertThat(time.leftNanos()).isEqualTo(50);
    }

    @Test
    void whatWasOverdrawnIsEarnedFirst() {
        time.earn(200);
        time.spend(70);
        time.earn(400);
        assertThat(time.leftNanos()).isEqualTo(-10);
        time.earn(400);
        assertThat(time.leftNanos()).isEqualTo(30);
    }
}
