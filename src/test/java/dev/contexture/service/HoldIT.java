package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.kv.KvStats;
import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.testing.DefaultModel;
import java.lang.management.ManagementFactory;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/**
 * 200 concurrent streams against a queue of 64 for two minutes: each request gets a whole answer or a 429, none hangs, the
 * pool's books are right afterwards and memory is flat. {@code -Dcontexture.test.hold-seconds} makes it longer or shorter.
 */
@ServiceTest
class HoldIT {
    private static final int STREAMS = 200;
    private static final Duration LENGTH = Duration.ofSeconds(Integer.getInteger("contexture.test.hold-seconds", 120));
    /** The heap breathes; a leak over two minutes of full load would show above this. */
    private static final double MOST_GROWTH = 1.15;

    @LocalServerPort
    private int port;

    @Autowired
    private SchedulerLoop loop;

    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicInteger refused = new AtomicInteger();
    private final AtomicInteger tokens = new AtomicInteger();
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();

    @Test
    void everyRequestIsAnsweredOrRefused() throws Exception {
        Instant begin = Instant.now();
        CountDownLatch done = new CountDownLatch(STREAMS);
        List<Long> rssBytes = new ArrayList<>();
        try (Client client = new Client(port)) {
            for (int i = 0; i < STREAMS; i++) {
                int caller = i;
                Thread.ofVirtual().start(() -> {
                    call(client, new Random(caller), begin.plus(LENGTH));
                    done.countDown();
                });
            }
            while (!done.await(5, TimeUnit.SECONDS)) {
                rssBytes.add(residentBytes() - poolBytes());
                assertThat(Instant.now())
                        .as("no stream hangs")
                        .isBefore(begin.plus(LENGTH).plusSeconds(120));
            }
        }
        Idle.await(loop);
        double growth = growth(rssBytes);
        System.out.printf(
                "hold: %d streams, %d s: %d answered, %d refused with 429, %d tokens, memory without the KV pool %d MB, last over second quarter %.2f%n",
                STREAMS,
                LENGTH.toSeconds(),
                answered.get(),
                refused.get(),
                tokens.get(),
                rssBytes.getLast() >> 20,
                growth);
        assertThat(wrong).isEmpty();
        assertThat(answered.get()).isGreaterThan(STREAMS / 2);
        assertThat(refused.get()).as("more streams than the queue takes").isPositive();
        assertThat(growth).isLessThan(MOST_GROWTH);
    }

    private void call(Client client, Random random, Instant end) {
        while (Instant.now().isBefore(end)) {
            try {
                one(client, random);
            } catch (Exception e) {
                wrong.add(e.toString());
                return;
            }
        }
    }

    private void one(Client client, Random random) throws Exception {
        int maxTokens = 8 + random.nextInt(40);
        String body = "{\"model\":\"" + DefaultModel.ID + "\",\"stream\":true,\"max_tokens\":" + maxTokens
                + ",\"stream_options\":{\"include_usage\":true},\"messages\":[{\"role\":\"user\",\"content\":\""
                + "Tell me about number " + random.nextInt(1000) + ". ".repeat(1 + random.nextInt(80)) + "\"}]}";
        HttpResponse<Stream<String>> response = client.stream("/v1/chat/completions", body);
        try (Stream<String> lines = response.body()) {
            List<String> all = lines.filter(line -> !line.isEmpty() && !line.startsWith(":"))
                    .toList();
            if (response.statusCode() == 429) {
                refused.incrementAndGet();
                long wait = response.headers().firstValueAsLong("retry-after").orElseThrow();
                // A polite client would wait that long; a quarter keeps the pressure up.
                Thread.sleep(Duration.ofMillis(250 * Math.min(wait, 8)));
                return;
            }
            boolean whole = response.statusCode() == 200
                    && all.getLast().equals("data: [DONE]")
                    && all.stream()
                            .anyMatch(line -> line.contains("\"finish_reason\":\"stop\"")
                                    || line.contains("\"finish_reason\":\"length\""));
            if (!whole) {
                wrong.add(response.statusCode() + " " + all.getLast());
                return;
            }
            answered.incrementAndGet();
            tokens.addAndGet(
                    Client.events(all).getLast().at("/usage/completion_tokens").asInt());
        }
    }

    /** Mean of the last quarter over the mean of the second: the first is start-up. */
    private static double growth(List<Long> samples) {
        int quarter = Math.max(1, samples.size() / 4);
        double second = mean(samples.subList(quarter, Math.min(samples.size(), 2 * quarter)));
        return mean(samples.subList(samples.size() - quarter, samples.size())) / second;
    }

    private static double mean(List<Long> samples) {
        return samples.stream().mapToLong(Long::longValue).average().orElseThrow();
    }

    /** What the pool's pages in use or cached take: the prefix cache grows into its pool on purpose. */
    private long poolBytes() {
        KvStats kv = loop.stats().kv();
        return (kv.totalPages() - kv.freePages()) * kv.bytesPerPage();
    }

    private static long residentBytes() throws Exception {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
