package dev.contexture.provider.remote;

import dev.contexture.provider.ContextureException;
import dev.contexture.provider.ContextureException.Kind;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The data of server-sent events, out of bytes in whatever pieces. Comments and other fields are left out. An event of ours has one
 * line of data. Used by one thread at a time.
 */
final class EventDecoder {
    /** A call's arguments may come in one line. */
    private static final int LONGEST_LINE = 16 << 20;

    private static final String DATA = "data:";

    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    /**
     * @return data of the lines that are whole now
     * @throws ContextureException if a line is too long
     */
    List<String> take(List<ByteBuffer> bytes) {
        List<String> data = new ArrayList<>();
        for (ByteBuffer buffer : bytes) {
            while (buffer.hasRemaining()) {
                byte next = buffer.get();
                if (next == '\n') {
                    end(data);
                } else {
                    append(next);
                }
            }
        }
        return data;
    }

    private void append(byte next) {
        if (line.size() == LONGEST_LINE) {
            throw new ContextureException(
                    Kind.INTERNAL, "the service sent a line of more than " + LONGEST_LINE + " bytes");
        }
        line.write(next);
    }

    private void end(List<String> data) {
        String text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        if (text.startsWith(DATA)) {
            data.add(text.substring(DATA.length()).strip());
        }
    }
}
