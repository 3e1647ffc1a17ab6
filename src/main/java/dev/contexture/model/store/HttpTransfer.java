package dev.contexture.model.store;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Downloads over HTTP that survive a broken connection: what has come is kept and the rest asked for by Range, as long as
 * the server says (If-Range) that it is still the same file. Redirects are followed by hand, so that the token goes to the
 * hub alone.
 */
final class HttpTransfer {
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration STALL_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration FIRST_BACKOFF = Duration.ofSeconds(1);
    private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(30);
    /** Attempts in a row that bring no byte. */
    private static final int MAX_FRUITLESS_ATTEMPTS = 5;

    private static final int MAX_REDIRECTS = 5;
    private static final int BUFFER_BYTES = 1 << 18;
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

    private final HttpClient client;
    private final ScheduledExecutorService watchdog;
    private final DownloadListener listener;
    private final Pace pace;

    /**
     * @param client must not follow redirects itself
     * @param watchdog closes connections that bring nothing for a minute
     */
    HttpTransfer(HttpClient client, ScheduledExecutorService watchdog, DownloadListener listener, Pace pace) {
        this.client = client;
        this.watchdog = watchdog;
        this.listener = listener;
        this.pace = pace;
    }

    FileSource source(URI address, Optional<String> token) {
        return new FileSource() {
            @Override
            public String describe() {
                return address.toString();
            }

            @Override
            public void fetchTo(Path partial) throws IOException, InterruptedException {
                download(address, token, partial);
            }
        };
    }

    /** A small answer as text. */
    String text(URI address, Optional<String> token, long maxBytes) throws IOException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                HttpResponse<InputStream> response = send(address, token, 0, Optional.empty());
                try (InputStream body = response.body()) {
                    requireOk(address, response.statusCode());
                    byte[] bytes = guarded(body, () -> body.readNBytes((int) maxBytes));
                    if (guarded(body, body::read) >= 0) {
                        throw new IOException(address + " answered with more than " + maxBytes + " bytes");
                    }
                    return new String(bytes, StandardCharsets.UTF_8);
                }
            } catch (RefusedException | ConnectException e) {
                throw e;
            } catch (IOException e) {
                if (attempt >= MAX_FRUITLESS_ATTEMPTS) {
                    throw e;
                }
                listener.failed(address.toString(), explain(e));
                pace.sleep(backoff(attempt));
            }
        }
    }

    private void download(URI address, Optional<String> token, Path partial) throws IOException, InterruptedException {
        int fruitless = 0;
        while (true) {
            long before = sizeOf(partial);
            try {
                attempt(address, token, partial);
                return;
            } catch (RefusedException | DiskFullException e) {
                throw e;
            } catch (IOException e) {
                if (e instanceof ConnectException && sizeOf(partial) == 0) {
                    throw e; // not a blip: another source may do
                }
                fruitless = sizeOf(partial) > before ? 1 : fruitless + 1;
                if (fruitless >= MAX_FRUITLESS_ATTEMPTS) {
                    throw new IOException(explain(e) + " (" + fruitless + " attempts)", e);
                }
                listener.failed(address.toString(), explain(e) + "; trying again");
                pace.sleep(backoff(fruitless));
            }
        }
    }

    private void attempt(URI address, Optional<String> token, Path partial) throws IOException, InterruptedException {
        Path tagFile = tagFile(partial);
        Optional<String> tag = Files.exists(tagFile) ? Optional.of(Files.readString(tagFile)) : Optional.empty();
        long have = tag.isPresent() ? sizeOf(partial) : 0;
        HttpResponse<InputStream> response = send(address, token, have, tag);
        try (InputStream body = response.body()) {
            if (response.statusCode() == 416) {
                if (response.headers().firstValue("content-range").orElse("").equals("bytes */" + have)) {
                    return; // all of it was there already
                }
                Files.deleteIfExists(partial);
                Files.deleteIfExists(tagFile);
                throw new IOException("what was fetched before does not fit the file any more");
            }
            requireOk(address, response.statusCode());
            long begin = response.statusCode() == 206 ? rangeBegin(response, have) : 0;
            long length = response.headers().firstValueAsLong("content-length").orElse(-1);
            long total = length < 0 ? -1 : begin + length;
            requireSpace(partial, length);
            if (begin == 0) {
                noteTag(response, tagFile);
            }
            copy(address, body, partial, begin, total);
        }
    }

    /** What says of which version of the file a partial is. */
    static Path tagFile(Path partial) {
        return partial.resolveSibling(partial.getFileName() + ".etag");
    }

    private static long rangeBegin(HttpResponse<?> response, long have) throws IOException {
        String range = response.headers().firstValue("content-range").orElse("");
        if (!range.startsWith("bytes " + have + "-")) {
            throw new IOException("asked for bytes from " + have + ", but the server sent '" + range + "'");
        }
        return have;
    }

    /** Only a strong tag says that bytes are the same. */
    private static void noteTag(HttpResponse<?> response, Path tagFile) throws IOException {
        Optional<String> tag = response.headers().firstValue("etag").filter(value -> value.startsWith("\""));
        if (tag.isPresent()) {
            Files.writeString(tagFile, tag.get());
        } else {
            Files.deleteIfExists(tagFile);
        }
    }

    private void copy(URI address, InputStream body, Path partial, long begin, long total) throws IOException {
        Progress progress = new Progress(address.toString(), begin, total, listener, pace);
        byte[] buffer = new byte[BUFFER_BYTES];
        long at = begin;
        try (FileChannel out = FileChannel.open(partial, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            out.truncate(begin);
            out.position(begin);
            while (true) {
                int read = guarded(body, () -> body.read(buffer));
                if (read < 0) {
                    break;
                }
                ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, read);
                while (bytes.hasRemaining()) {
                    at += out.write(bytes);
                }
                progress.at(at);
            }
            out.force(true);
        }
        if (total >= 0 && at != total) {
            throw new IOException("the connection ended after " + at + " of " + total + " bytes");
        }
    }

    /** A read from the network. */
    private interface Read<T> {
        T run() throws IOException;
    }

    /** Closes the connection under a read that takes a minute, which then fails. */
    private <T> T guarded(InputStream body, Read<T> read) throws IOException {
        ScheduledFuture<?> guard =
                watchdog.schedule(() -> closeQuietly(body), STALL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        try {
            return read.run();
        } finally {
            guard.cancel(false);
        }
    }

    private HttpResponse<InputStream> send(URI address, Optional<String> token, long from, Optional<String> tag)
            throws IOException, InterruptedException {
        URI at = address;
        for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(at).timeout(ANSWER_TIMEOUT).header("user-agent", "contexture");
            if (sameOrigin(at, address)) {
                token.ifPresent(value -> request.header("authorization", "Bearer " + value));
            }
            if (from > 0 && tag.isPresent()) {
                request.header("range", "bytes=" + from + "-").header("if-range", tag.get());
            }
            HttpResponse<InputStream> response = client.send(request.build(), BodyHandlers.ofInputStream());
            Optional<String> location = response.headers().firstValue("location");
            if (!REDIRECTS.contains(response.statusCode()) || location.isEmpty()) {
                return response;
            }
            closeQuietly(response.body());
            URI next = at.resolve(location.get());
            if ("https".equals(at.getScheme()) && !"https".equals(next.getScheme())) {
                throw new RefusedException(at + " redirects to an address without TLS");
            }
            at = next;
        }
        throw new RefusedException(address + " redirects more than " + MAX_REDIRECTS + " times");
    }

    private static boolean sameOrigin(URI a, URI b) {
        return a.getScheme().equals(b.getScheme()) && a.getAuthority().equals(b.getAuthority());
    }

    private static void requireOk(URI address, int status) throws IOException {
        switch (status) {
            case 200, 206 -> {}
            case 401, 403 ->
                throw new RefusedException(address + " may not be read (" + status
                        + "): set HF_TOKEN to a token that may, or accept its terms");
            case 404 -> throw new RefusedException(address + " does not exist (404)");
            default -> {
                String message = address + " answered with status " + status;
                throw status == 429 || status >= 500 ? new IOException(message) : new RefusedException(message);
            }
        }
    }

    private static void requireSpace(Path partial, long needed) throws IOException {
        long free = Files.getFileStore(partial.toAbsolutePath().getParent()).getUsableSpace();
        if (needed > free) {
            throw new DiskFullException(
                    "the disk of " + partial + " has " + free + " bytes left, but " + needed + " are needed");
        }
    }

    private static long sizeOf(Path file) throws IOException {
        return Files.exists(file) ? Files.size(file) : 0;
    }

    private static Duration backoff(int attempt) {
        Duration wait = FIRST_BACKOFF.multipliedBy(1L << Math.min(attempt - 1, 10));
        return wait.compareTo(LONGEST_BACKOFF) > 0 ? LONGEST_BACKOFF : wait;
    }

    private static void closeQuietly(InputStream body) {
        try {
            body.close();
        } catch (IOException e) {
            // The transfer is over either way.
        }
    }

    static String explain(IOException e) {
        if (e instanceof ConnectException) {
            return "no connection" + (e.getMessage() == null ? "" : ": " + e.getMessage());
        }
        if (e instanceof HttpTimeoutException) {
            return "no answer in time";
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    /** Asking again would bring the same answer. */
    private static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;

        RefusedException(String message) {
            super(message);
        }
    }

    private static final class DiskFullException extends IOException {
        private static final long serialVersionUID = 1L;

        DiskFullException(String message) {
            super(message);
        }
    }
}
