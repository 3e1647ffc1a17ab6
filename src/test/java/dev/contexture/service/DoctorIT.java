package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalManagementPort;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

/** What the doctor says over HTTP of the machine that the tests run on. */
@ServiceTest
class DoctorIT {
    @LocalServerPort
    private int port;

    @LocalManagementPort
    private int managementPort;

    @Test
    void aRunningServiceLacksNothing() throws Exception {
        try (Client management = new Client(managementPort)) {
            HttpResponse<String> response = management.get("/actuator/doctor");
            assertThat(response.statusCode()).isEqualTo(200);
            JsonNode diagnosis = Client.json(response.body());
            assertThat(diagnosis.propertyNames()).containsExactlyInAnyOrder("provider", "servable", "findings");
            assertThat(diagnosis.path("provider").asString()).isEqualTo("CPU");
            assertThat(diagnosis.path("servable").asBoolean()).isTrue();
            List<JsonNode> findings = diagnosis.path("findings").valueStream().toList();
            assertThat(findings)
                    .allSatisfy(finding -> {
                        assertThat(finding.propertyNames()).containsExactlyInAnyOrder("what", "state", "words");
                        assertThat(finding.path("state").asString()).isIn("FOUND", "UNUSED");
                        assertThat(finding.path("words").asString()).isNotBlank();
                    })
                    .extracting(finding -> finding.path("what").asString())
                    .contains("platform", "native library", "memory", "data folder", "libcurand.so.10");
        }
    }

    @Test
    void theApisPortDoesNotHaveIt() throws Exception {
        try (Client client = new Client(port)) {
            assertThat(client.get("/actuator/doctor").statusCode()).isEqualTo(404);
        }
    }
}
