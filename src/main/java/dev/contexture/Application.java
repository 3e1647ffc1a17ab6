package dev.contexture;

import dev.contexture.config.DoctorCommand;
import dev.contexture.config.TerminationSignals;
import java.util.List;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Starts the Contexture service, or with {@code --doctor} says whether it could be started here. */
@SpringBootApplication
public class Application {
    public static void main(String[] args) {
        if (List.of(args).contains(DoctorCommand.OPTION)) {
            System.exit(DoctorCommand.run(args, System.out));
        }
        TerminationSignals.handle(SpringApplication.run(Application.class, args));
    }
}
