package dev.contexture.model.store;

import java.util.regex.Pattern;

/** Names that others gave and that become paths here. */
final class SafePath {
    private static final Pattern PART = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._+=-]*");

    private SafePath() {}

    /** Whether a name with forward slashes stays inside the folder that it is resolved against. */
    static boolean isRelativeAndInside(String name) {
        for (String part : name.split("/", -1)) {
            if (!PART.matcher(part).matches()) {
                return false;
            }
        }
        return true;
    }
}
