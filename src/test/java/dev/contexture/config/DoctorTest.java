package dev.contexture.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.contexture.config.EngineProperties.DeviceWeights;
import dev.contexture.config.EngineProperties.Numbers;
import dev.contexture.config.EngineProperties.Provider;
import dev.contexture.config.Finding.State;
import dev.contexture.core.ExecutionProvider;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Machines of every kind: what the doctor says of them, and whether they can serve. */
class DoctorTest {
    private static Diagnosis diagnose(Provider provider, Machine machine) {
        return new Doctor(new EngineProperties(provider, Numbers.AUTO, DeviceWeights.QUANTISED, 0, 0), machine)
                .diagnose();
    }

    private static List<String> missing(Diagnosis diagnosis) {
        return diagnosis.missing().stream().map(Finding::what).toList();
    }

    @Test
    void aPlainMachineServesByItsProcessorsAndNeedsNothingOfCuda() {
        Diagnosis diagnosis = diagnose(Provider.CPU, FakeMachine.plain());
        assertThat(diagnosis.provider()).isEqualTo(ExecutionProvider.CPU);
        assertThat(diagnosis.servable()).isTrue();
        assertThat(diagnosis.findings())
                .extracting(Finding::what, Finding::state)
                .containsExactly(
                        tuple("platform", State.FOUND),
                        tuple("native library", State.FOUND),
                        tuple("memory", State.FOUND),
                        tuple("data folder", State.FOUND),
                        tuple("native library for CUDA", State.UNUSED),
                        tuple("NVIDIA driver", State.UNUSED),
                        tuple("CUDA provider of ONNX Runtime", State.UNUSED),
                        tuple("libcudart.so.12", State.UNUSED),
                        tuple("libcublasLt.so.12", State.UNUSED),
                        tuple("libcublas.so.12", State.UNUSED),
                        tuple("libcurand.so.10", State.UNUSED));
        assertThat(diagnosis.findings())
                .extracting(Finding::words)
                .startsWith(
                        "linux-x86_64, glibc 2.36",
                        "avx2, /data/native/libcontexture.so",
                        "12,288 MiB of 16,384 MiB available",
                        "/data, 5,120 MiB free");
    }

    @ParameterizedTest
    @EnumSource(
            value = Provider.class,
            names = {"AUTO", "CUDA"})
    void withEverythingThereTheDeviceServes(Provider provider) {
        Diagnosis diagnosis = diagnose(provider, FakeMachine.cuda());
        assertThat(diagnosis.provider()).isEqualTo(ExecutionProvider.CUDA);
        assertThat(diagnosis.servable()).isTrue();
        assertThat(diagnosis.findings()).extracting(Finding::state).containsOnly(State.FOUND);
        assertThat(diagnosis.findings())
                .contains(new Finding("device", State.FOUND, "NVIDIA H100 (compute capability 9.0, 81079 MiB)"));
    }

    @Test
    void aDeviceThatIsNotAskedForIsUnused() {
        Diagnosis diagnosis = diagnose(Provider.CPU, FakeMachine.cuda());
        assertThat(diagnosis.provider()).isEqualTo(ExecutionProvider.CPU);
        assertThat(diagnosis.findings())
                .contains(new Finding("device", State.UNUSED, "NVIDIA H100 (compute capability 9.0, 81079 MiB)"));
    }

    @ParameterizedTest
    @CsvSource({
        "CUDA library, native library for CUDA, ./mvnw -Pcuda package",
        "libcuda.so.1, NVIDIA driver, install driver 580",
        "device, device, the driver sees no device",
        "CUDA provider, CUDA provider of ONNX Runtime, -Donnxruntime.native.path",
        "libcudart.so.12, libcudart.so.12, install cuda-cudart-12-x",
        "libcublasLt.so.12, libcublasLt.so.12, install libcublas-12-x",
        "libcublas.so.12, libcublas.so.12, install libcublas-12-x",
        "libcurand.so.10, libcurand.so.10, LD_LIBRARY_PATH"
    })
    void eachPartOfCudaThatLacksComesWithItsRemedy(String part, String what, String words) {
        Diagnosis diagnosis = diagnose(Provider.CUDA, FakeMachine.cuda().without(part));
        assertThat(diagnosis.provider()).isEqualTo(ExecutionProvider.CUDA);
        assertThat(diagnosis.servable()).isFalse();
        assertThat(diagnosis.missing()).singleElement().satisfies(finding -> {
            assertThat(finding.what()).isEqualTo(what);
            assertThat(finding.words()).contains(words);
        });
    }

    @ParameterizedTest
    @CsvSource({"CUDA library", "libcuda.so.1", "device"})
    void autoServesByProcessorsWhereThereIsNoDeviceAndNamesWhatItLacks(String part) {
        Diagnosis diagnosis = diagnose(Provider.AUTO, FakeMachine.cuda().without(part));
        assertThat(diagnosis.provider()).isEqualTo(ExecutionProvider.CPU);
        assertThat(diagnosis.servable()).isTrue();
        assertThat(diagnosis.missing()).hasSize(1);
    }

    /** As at a start, which takes the device and then fails. */
    @ParameterizedTest
    @CsvSource({"CUDA provider", "libcurand.so.10"})
    void autoTakesADeviceWithoutAskingForOnnxRuntimesPart(String part) {
        Diagnosis diagnosis = diagnose(Provider.AUTO, FakeMachine.cuda().without(part));
        assertThat(diagnosis.provider()).isEqualTo(ExecutionProvider.CUDA);
        assertThat(diagnosis.servable()).isFalse();
    }

    @Test
    void exactAsksForNoDevice() {
        Diagnosis diagnosis = new Doctor(
                        new EngineProperties(Provider.AUTO, Numbers.EXACT, DeviceWeights.QUANTISED, 0, 0),
                        FakeMachine.cuda().without("libcurand.so.10"))
                .diagnose();
        assertThat(diagnosis.provider()).isEqualTo(ExecutionProvider.CPU);
        assertThat(diagnosis.missing()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "glibc, platform, this is linux-x86_64 without glibc: run on Linux with glibc on x86-64",
        "CPU library, native library, This build carries no libcontexture.so for linux-x86_64",
        "writable folder, data folder, contexture.data-dir"
    })
    void whatEveryProviderNeeds(String part, String what, String words) {
        for (Provider provider : Provider.values()) {
            Diagnosis diagnosis = diagnose(provider, FakeMachine.cuda().without(part));
            assertThat(diagnosis.servable()).isFalse();
            assertThat(missing(diagnosis)).containsExactly(what);
            assertThat(diagnosis.missing().getFirst().words()).contains(words);
        }
    }

    @Test
    void anotherProcessorDoesNotFit() {
        FakeMachine arm = new FakeMachine("linux-aarch64", FakeMachine.plain().has());
        assertThat(missing(diagnose(Provider.CPU, arm))).containsExactly("platform");
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void theStartLogHasOneLineForEachMissingThing(CapturedOutput output) {
        EngineConfiguration.log(
                diagnose(Provider.CUDA, FakeMachine.cuda().without("device").without("libcurand.so.10")));
        assertThat(output.getOut().lines().filter(line -> line.contains("Missing: ")))
                .satisfiesExactly(
                        line -> assertThat(line).endsWith("Missing: device: the driver sees no device"),
                        line -> assertThat(line).contains("Missing: libcurand.so.10: install libcurand-12-x"));
    }
}
