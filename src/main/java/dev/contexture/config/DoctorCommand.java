package dev.contexture.config;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Function;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.SimpleCommandLinePropertySource;
import org.springframework.core.env.StandardEnvironment;

/** {@code --doctor}: the doctor's findings on the console, by the same settings as a start, without one. */
public final class DoctorCommand {
    public static final String OPTION = "--doctor";

    private DoctorCommand() {}

    /**
     * Prints what was found and what is missing.
     *
     * @return the status to exit with: 0 if the provider that the settings name can be served here, else 1
     */
    public static int run(String[] arguments, PrintStream out) {
        LoggingSystem.get(DoctorCommand.class.getClassLoader()).beforeInitialize(); // silent
        return run(arguments, out, ThisMachine::new);
    }

    static int run(String[] arguments, PrintStream out, Function<Path, Machine> machines) {
        Doctor doctor;
        try {
            Binder settings = Binder.get(environment(arguments));
            doctor = new Doctor(
                    settings.bindOrCreate("contexture.engine", EngineProperties.class),
                    machines.apply(settings.bindOrCreate("contexture", DataProperties.class)
                            .dataDir()));
        } catch (BindException e) {
            out.println("The settings cannot be read: "
                    + NestedExceptionUtils.getMostSpecificCause(e).getMessage());
            return 1;
        }
        Diagnosis diagnosis = doctor.diagnose();
        print(diagnosis, out);
        return diagnosis.servable() ? 0 : 1;
    }

    private static ConfigurableEnvironment environment(String[] arguments) {
        ConfigurableEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(new SimpleCommandLinePropertySource(arguments));
        ConfigDataEnvironmentPostProcessor.applyTo(environment);
        ConfigurationPropertySources.attach(environment);
        return environment;
    }

    private static void print(Diagnosis diagnosis, PrintStream out) {
        for (Finding finding : diagnosis.findings()) {
            out.printf(
                    "%-8s %-30s %s%n",
                    finding.state().name().toLowerCase(Locale.ROOT), finding.what(), finding.words());
        }
        out.printf(
                "%nProvider %s: %s%n",
                diagnosis.provider(),
                diagnosis.servable() ? "can be served" : "cannot be served, for what is missing above");
    }
}
