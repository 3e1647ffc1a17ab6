package dev.contexture.config;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires the doctor, and lets it speak at the start where a device may be used. */
@Configuration(proxyBeanMethods = false)
class DoctorConfiguration {
    private static final Logger LOG = LoggerFactory.getLogger(DoctorConfiguration.class);

    @Bean
    Doctor doctor(EngineProperties engine, DataProperties data) {
        Doctor doctor = new Doctor(engine, new ThisMachine(data.dataDir()));
        if (engine.provider() != EngineProperties.Provider.CPU) {
            log(doctor.diagnose());
        }
        return doctor;
    }

    static void log(Diagnosis diagnosis) {
        diagnosis.missing().forEach(finding -> LOG.info("Missing: {}: {}", finding.what(), finding.words()));
    }

    @Bean
    DoctorEndpoint doctorEndpoint(Doctor doctor) {
        return new DoctorEndpoint(doctor);
    }
}
