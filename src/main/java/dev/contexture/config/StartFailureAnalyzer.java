package dev.contexture.config;

import dev.contexture.model.ModelFormatException;
import dev.contexture.model.store.ModelUnavailableException;
import dev.contexture.nativelib.NativeException;
import dev.contexture.security.UnprotectedAddressException;
import dev.contexture.split.DelimiterFormatException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;

/** Says in a sentence why the service does not start, where the cause is not ours but the caller's to mend. */
public final class StartFailureAnalyzer implements FailureAnalyzer {
    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String action = action(cause);
            if (action != null) {
                return new FailureAnalysis(cause.getMessage(), action, cause);
            }
        }
        return null;
    }

    private static @Nullable String action(Throwable cause) {
        return switch (cause) {
            case ModelUnavailableException unavailable ->
                "Set contexture.model.id to a model that can be had from here.";
            case ModelFormatException damaged ->
                "Use another model, or fetch this one again: delete it and start once more.";
            case DelimiterFormatException damaged ->
                "Name another table in contexture.split.table, or leave it empty for the built-in one.";
            case MissingLibraryException lacking ->
                "Add them to the application's dependencies, or ask a service: set the provider's mode to remote.";
            case InvalidSettingException wrong -> "Change the setting; docs/configuration.md lists all of them.";
            case NativeException unusable -> "Run on Linux with glibc on x86-64, with a writable contexture.data-dir.";
            case UnprotectedAddressException open -> "Set contexture.security.api-keys, or listen on loopback.";
            default -> null;
        };
    }
}
