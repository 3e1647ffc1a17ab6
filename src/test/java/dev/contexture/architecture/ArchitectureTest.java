package dev.contexture.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.Architectures;
import dev.contexture.kv.BlockCutter;
import org.junit.jupiter.api.Test;

/** The arrows of docs/ARCHITECTURE.md: a package uses only what is to its right. */
class ArchitectureTest {
    private static final String ROOT = "dev.contexture.";
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.contexture");

    @Test
    void arrowsPointOneWay() {
        Architectures.layeredArchitecture()
                .consideringOnlyDependenciesInAnyPackage("dev.contexture..")
                .layer("application")
                .definedBy("dev.contexture")
                .layer("embedded")
                .definedBy(ROOT + "embedded..")
                .layer("config")
                .definedBy(ROOT + "config..")
                .layer("api")
                .definedBy(ROOT + "api..")
                .layer("provider")
                .definedBy(ROOT + "provider..")
                .layer("session")
                .definedBy(ROOT + "session..")
                .layer("metrics")
                .definedBy(ROOT + "metrics..")
                .layer("scheduler")
                .definedBy(ROOT + "scheduler..")
                .layer("engine")
                .definedBy(ROOT + "engine..")
                .layer("retrieval")
                .definedBy(ROOT + "retrieval..")
                .layer("selection")
                .definedBy(ROOT + "selection..")
                .layer("split")
                .definedBy(ROOT + "split..")
                .layer("kv")
                .definedBy(ROOT + "kv..")
                .layer("nativelib")
                .definedBy(ROOT + "nativelib..")
                .layer("model")
                .definedBy(ROOT + "model..")
                .layer("constrain")
                .definedBy(ROOT + "constrain..")
                .layer("security")
                .definedBy(ROOT + "security..")
                .layer("core")
                .definedBy(ROOT + "core..")
                .whereLayer("application")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("embedded")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("config")
                .mayOnlyBeAccessedByLayers("application", "embedded")
                .whereLayer("api")
                .mayOnlyBeAccessedByLayers("config")
                .whereLayer("provider")
                .mayOnlyBeAccessedByLayers("embedded")
                .whereLayer("session")
                .mayOnlyBeAccessedByLayers("api", "provider", "metrics", "config", "embedded")
                .whereLayer("metrics")
                .mayOnlyBeAccessedByLayers("api", "config")
                .whereLayer("scheduler")
                .mayOnlyBeAccessedByLayers("session", "api", "provider", "metrics", "config")
                .whereLayer("engine")
                .mayOnlyBeAccessedByLayers("scheduler", "metrics", "config")
                .whereLayer("retrieval")
                .mayOnlyBeAccessedByLayers("engine", "config")
                .whereLayer("selection")
                .mayOnlyBeAccessedByLayers("engine", "retrieval", "config")
                .whereLayer("split")
                .mayOnlyBeAccessedByLayers("engine", "config")
                .whereLayer("kv")
                .mayOnlyBeAccessedByLayers("split", "retrieval", "engine", "scheduler", "session", "metrics", "config")
                .whereLayer("nativelib")
                .mayOnlyBeAccessedByLayers("kv", "retrieval", "engine", "config")
                .whereLayer("model")
                .mayOnlyBeAccessedByLayers("session", "engine", "config")
                .whereLayer("constrain")
                .mayOnlyBeAccessedByLayers("engine", "scheduler", "session", "api", "provider", "metrics", "config")
                .whereLayer("security")
                .mayOnlyBeAccessedByLayers("application", "api", "provider", "config")
                .check(CLASSES);
    }

    @Test
    void coreImportsNothingOfOurs() {
        noClasses()
                .that()
                .resideInAPackage(ROOT + "core..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        ROOT + "api..", ROOT + "kv..", ROOT + "engine..", ROOT + "model..", ROOT + "session..")
                .check(CLASSES);
    }

    @Test
    void theEngineKnowsNoSpringAndNoReactor() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        ROOT + "core..",
                        ROOT + "scheduler..",
                        ROOT + "engine..",
                        ROOT + "retrieval..",
                        ROOT + "selection..",
                        ROOT + "split..",
                        ROOT + "kv..",
                        ROOT + "nativelib..",
                        ROOT + "constrain..",
                        ROOT + "model..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.springframework..", "reactor..")
                .check(CLASSES);
    }

    @Test
    void onlyOnePackageKnowsOnnxRuntime() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "engine.ort..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ai.onnxruntime..")
                .check(CLASSES);
    }

    @Test
    void splittingKnowsNothingOfTheCacheButItsCutters() {
        noClasses()
                .that()
                .resideInAPackage(ROOT + "split..")
                .should()
                .dependOnClassesThat(JavaClass.Predicates.resideInAPackage(ROOT + "kv..")
                        .and(DescribedPredicate.not(JavaClass.Predicates.belongToAnyOf(BlockCutter.class))))
                .check(CLASSES);
    }

    @Test
    void adaptersDoNotKnowWhichWayTheyAsk() {
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + "provider.langchain4j..", ROOT + "provider.springai..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(ROOT + "provider.remote..", ROOT + "provider.autoconfigure..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + "provider", ROOT + "provider.remote..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.langchain4j..", "org.springframework..")
                .check(CLASSES);
    }

    @Test
    void onlyTheWiringReadsClocksAndRandomness() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "config..")
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(Thread.class, "sleep", long.class)
                .orShould()
                .callMethod(java.time.Instant.class, "now")
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching(ROOT + "(*)..").should().beFreeOfCycles().check(CLASSES);
        slices().matching(ROOT + "model.(*)..").should().beFreeOfCycles().check(CLASSES);
    }
}
