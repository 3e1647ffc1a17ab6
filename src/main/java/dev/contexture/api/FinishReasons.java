package dev.contexture.api;

import dev.contexture.core.FinishReason;
import dev.contexture.scheduler.ShuttingDownException;

/** Finish reasons on the wire. */
final class FinishReasons {
    private FinishReasons() {}

    /**
     * @throws ShuttingDownException for a choice that the service itself cut off: no client may take it for whole
     */
    static String text(FinishReason reason) {
        return switch (reason) {
            case STOP -> "stop";
            case LENGTH -> "length";
            case TOOL_CALLS -> "tool_calls";
            case CANCELLED -> throw new ShuttingDownException();
        };
    }
}
