package dev.contexture;

import dev.contexture.config.DoctorCommand;
import dev.contexture.config.TerminationSignals;
import dev.contexture.security.LoopbackWithoutKeys;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import org.springframework.beans.factory.config.YamlPropertiesFactoryBean;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.core.io.ClassPathResource;

/** Starts the Contexture service, or with {@code --doctor} says whether it could be started here. */
@SpringBootApplication
public class Application {
    public static void main(String[] args) {
        if (List.of(args).contains(DoctorCommand.OPTION)) {
            System.exit(DoctorCommand.run(args, System.out));
        }
        TerminationSignals.handle(service().run(args));
    }

    /** The service, not yet started. What it does unasked is said here, as the jar is also a library for other applications. */
    public static SpringApplication service() {
        SpringApplication application = new SpringApplication(Application.class);
        application.setDefaultProperties(defaults());
        application.addListeners(new LoopbackWithoutKeys());
        return application;
    }

    private static Properties defaults() {
        YamlPropertiesFactoryBean yaml = new YamlPropertiesFactoryBean();
        yaml.setResources(new ClassPathResource("service-defaults.yaml", Application.class));
        return Objects.requireNonNull(yaml.getObject());
    }
}
