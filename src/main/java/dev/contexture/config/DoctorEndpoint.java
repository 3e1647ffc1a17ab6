package dev.contexture.config;

import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/** The doctor's findings on the management port, looked for anew by each call. */
@Endpoint(id = "doctor")
final class DoctorEndpoint {
    private final Doctor doctor;

    DoctorEndpoint(Doctor doctor) {
        this.doctor = doctor;
    }

    @ReadOperation
    Diagnosis diagnosis() {
        return doctor.diagnose();
    }
}
