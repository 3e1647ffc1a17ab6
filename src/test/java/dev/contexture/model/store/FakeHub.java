package dev.contexture.model.store;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A hub on loopback that can break off, change files, redirect and refuse. */
final class FakeHub implements AutoCloseable {
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    private final HttpServer server;
    private final Map<String, byte[]> files = new LinkedHashMap<>();
    final List<String> requests = new ArrayList<>();
    /** Bytes after which the next answers break off. */
    final List<Integer> breakOffs = new ArrayList<>();

    int failuresToCome;
    boolean redirects;
    String requiredToken = "";
    String tag = "\"v1\"";

    FakeHub() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    String endpoint() {
        return "http://localhost:" + server.getAddress().getPort();
    }

    void put(String name, byte[] bytes) {
        files.put(name, bytes);
    }

    private synchronized void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String range = exchange.getRequestHeaders().getFirst("range");
            String authorization = exchange.getRequestHeaders().getFirst("authorization");
            requests.add(path + (range == null ? "" : " " + range) + (authorization == null ? "" : " authorised"));
            if (failuresToCome > 0) {
                failuresToCome--;
                exchange.sendResponseHeaders(503, -1);
            } else if (!path.startsWith("/cdn/")
                    && !requiredToken.isEmpty()
                    && !("Bearer " + requiredToken).equals(authorization)) {
                exchange.sendResponseHeaders(401, -1);
            } else if (path.startsWith("/api/models/owner/name/revision/")) {
                listing(exchange);
            } else {
                file(exchange, path, range);
            }
        }
    }

    private void listing(HttpExchange exchange) throws IOException {
        String siblings = files.keySet().stream()
                .map(name -> "{\"rfilename\":\"" + name + "\"}")
                .collect(Collectors.joining(","));
        byte[] body = ("{\"sha\":\"" + COMMIT + "\",\"siblings\":[" + siblings + "]}").getBytes();
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
    }

    private void file(HttpExchange exchange, String path, String range) throws IOException {
        String name = path.replaceFirst("^/(cdn|owner/name/resolve/[^/]+)/", "");
        byte[] bytes = files.get(name);
        if (bytes == null) {
            exchange.sendResponseHeaders(404, -1);
            return;
        }
        if (redirects && !path.startsWith("/cdn/")) {
            // Another host name, so that the token must stay behind.
            exchange.getResponseHeaders()
                    .set("location", "http://127.0.0.1:" + server.getAddress().getPort() + "/cdn/" + name);
            exchange.sendResponseHeaders(302, -1);
            return;
        }
        exchange.getResponseHeaders().set("etag", tag);
        boolean same = tag.equals(exchange.getRequestHeaders().getFirst("if-range"));
        int begin = range != null && same ? Integer.parseInt(range.replaceAll("[^0-9]", "")) : 0;
        if (begin >= bytes.length) {
            exchange.getResponseHeaders().set("content-range", "bytes */" + bytes.length);
            exchange.sendResponseHeaders(416, -1);
            return;
        }
        if (begin > 0) {
            exchange.getResponseHeaders()
                    .set("content-range", "bytes " + begin + "-" + (bytes.length - 1) + "/" + bytes.length);
        }
        exchange.sendResponseHeaders(begin > 0 ? 206 : 200, bytes.length - begin);
        int end = breakOffs.isEmpty() ? bytes.length : Math.min(bytes.length, begin + breakOffs.removeFirst());
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(Arrays.copyOfRange(bytes, begin, end));
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
