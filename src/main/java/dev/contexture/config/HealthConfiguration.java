package dev.contexture.config;

import dev.contexture.metrics.AdmissionHealth;
import dev.contexture.metrics.StepLoopHealth;
import dev.contexture.metrics.TierHealth;
import dev.contexture.scheduler.SchedulerLoop;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires what the management port says. */
@Configuration(proxyBeanMethods = false)
class HealthConfiguration {
    @Bean
    StepLoopHealth stepLoopHealthIndicator(SchedulerLoop loop) {
        return new StepLoopHealth(loop);
    }

    @Bean
    TierHealth tiersHealthIndicator(ModelHost host) {
        return new TierHealth(() -> host.tiers().map(Tiers::isBreached).orElse(false));
    }

    @Bean
    AdmissionHealth admissionHealthIndicator(SchedulerLoop loop) {
        return new AdmissionHealth(loop);
    }

    @Bean
    DoctorEndpoint doctorEndpoint(Doctor doctor) {
        return new DoctorEndpoint(doctor);
    }
}
