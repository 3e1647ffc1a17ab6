package dev.contexture;

import dev.contexture.config.TerminationSignals;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Starts the Contexture service. */
@SpringBootApplication
public class Application {
    public static void main(String[] args) {
        TerminationSignals.handle(SpringApplication.run(Application.class, args));
    }
}
