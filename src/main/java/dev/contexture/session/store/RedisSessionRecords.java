package dev.contexture.session.store;

import static dev.contexture.session.store.RedisCalls.number;
import static dev.contexture.session.store.RedisCalls.text;

import dev.contexture.kv.tier.redis.RedisLink;
import dev.contexture.kv.tier.redis.RedisListener;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.ScriptOutputType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Session records in Redis. A record, its version, lease and fence are one hash under one key, changed by scripts, so each step is
 * atomic on any kind of server; lease and expiry go by the server's clock.
 *
 * <p>Records have no time to live of Redis's own: with the policy {@code volatile-lru} a full server then drops stored blocks, which can
 * be computed again, and never a conversation. Expiry stands in the hash; an index by expiry, bounded work at each new session,
 * removes what has expired.
 */
public final class RedisSessionRecords implements SessionRecords {
    private static final int PRUNED_AT_ONCE = 50;

    private static final String NOW = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) ";
    private static final String THERE = NOW + "local x = redis.call('HGET', KEYS[1], 'x') "
            + "if x and tonumber(x) <= now then redis.call('DEL', KEYS[1]) x = false end ";
    /** Whether the lease is the caller's, by owner and fence: one that has expired still is, until another takes it. */
    private static final String HELD =
            "local l = redis.call('HMGET', KEYS[1], 'o', 'f') " + "local held = l[1] == ARGV[1] and l[2] == ARGV[2] ";

    private static final String CREATE = THERE + "if x then return -1 end "
            + "local ends = now + ARGV[2] redis.call('HSET', KEYS[1], 'r', ARGV[1], 'v', 1, 'f', 0, 'x', ends) return ends";
    private static final String FIND =
            THERE + "if not x then return {} end return redis.call('HMGET', KEYS[1], 'r', 'v')";
    private static final String ACQUIRE = THERE + "if not x then return {-1, 0} end "
            + "local l = redis.call('HMGET', KEYS[1], 'o', 'e') "
            + "if l[1] and l[2] and tonumber(l[2]) > now then return {0, tonumber(l[2]) - now} end "
            + "local f = redis.call('HINCRBY', KEYS[1], 'f', 1) "
            + "redis.call('HSET', KEYS[1], 'o', ARGV[1], 'e', now + ARGV[2]) return {1, f}";
    private static final String RENEW = THERE + HELD + "if not x or not held then return 0 end "
            + "redis.call('HSET', KEYS[1], 'e', now + ARGV[3]) return 1";
    private static final String RELEASE =
            THERE + HELD + "if x and held then redis.call('HDEL', KEYS[1], 'o', 'e') end return 1";
    private static final String REPLACE =
            THERE + "if not x then return -1 end " + HELD + "if not held then return 0 end "
                    + "local ends = now + ARGV[4] redis.call('HSET', KEYS[1], 'r', ARGV[3], 'x', ends) "
                    + "redis.call('HINCRBY', KEYS[1], 'v', 1) return ends";
    private static final String DELETE = THERE + "redis.call('DEL', KEYS[1]) if x then return 1 end return 0";
    private static final String EXPIRED = THERE + "if x then return 0 end return 1";

    private final RecordFamily family;
    private final RedisCalls calls;
    private final LongSupplier millis;

    /**
     * @param family whose names they have
     * @param link which is not closed here
     * @param nanos a monotonic clock
     * @param millis the time of day, for what is looked at only to find what has expired
     */
    public RedisSessionRecords(
            RecordFamily family, RedisLink link, RedisListener listener, LongSupplier nanos, LongSupplier millis) {
        this.family = family;
        this.calls = new RedisCalls(link, listener, nanos);
        this.millis = millis;
    }

    private String name(Key key) {
        return family.prefix() + key.namespace() + ":" + key.id();
    }

    private String index(String namespace) {
        return family.prefix() + "ids:" + namespace;
    }

    private String expiries() {
        return family.prefix() + "expiries";
    }

    private static ByteBuffer[] arguments(ByteBuffer... arguments) {
        return arguments;
    }

    private Mono<Long> script(String script, String key, ByteBuffer... arguments) {
        return calls.call(
                commands -> commands.<Long>eval(script, ScriptOutputType.INTEGER, new String[] {key}, arguments));
    }

    private Mono<List<Object>> scriptOfMany(String script, String key, ByteBuffer... arguments) {
        return calls.call(
                commands -> commands.<List<Object>>eval(script, ScriptOutputType.MULTI, new String[] {key}, arguments));
    }

    @Override
    public Mono<Boolean> create(Key key, byte[] record, Duration timeToLive) {
        return prune().then(
                        script(CREATE, name(key), arguments(ByteBuffer.wrap(record), number(timeToLive.toMillis()))))
                .flatMap(ends -> ends < 0 ? Mono.just(false) : enter(key, ends).thenReturn(true));
    }

    /** The record is there before its entries: an entry without one is left over, and may be removed. */
    private Mono<Void> enter(Key key, long endsMillis) {
        return calls.call(commands -> commands.zadd(index(key.namespace()), 0, text(key.id())))
                .then(calls.call(
                        commands -> commands.zadd(expiries(), endsMillis, text(key.namespace() + ":" + key.id()))))
                .then();
    }

    /** Removes some of what has expired; a failure is no reason to refuse a session. */
    private Mono<Void> prune() {
        return calls.call(commands -> commands.zrangebyscore(
                        expiries(),
                        Range.create(Double.NEGATIVE_INFINITY, millis.getAsLong()),
                        Limit.from(PRUNED_AT_ONCE)))
                .flatMapMany(Flux::fromIterable)
                .map(entry -> StandardCharsets.US_ASCII.decode(entry).toString())
                .concatMap(entry -> {
                    int colon = entry.indexOf(':');
                    Key key = new Key(entry.substring(0, colon), entry.substring(colon + 1));
                    return script(EXPIRED, name(key)).flatMap(gone -> gone == 1 ? leave(key) : Mono.empty());
                })
                .onErrorComplete()
                .then();
    }

    private Mono<Void> leave(Key key) {
        return calls.call(commands -> commands.zrem(index(key.namespace()), text(key.id())))
                .then(calls.call(commands -> commands.zrem(expiries(), text(key.namespace() + ":" + key.id()))))
                .then();
    }

    @Override
    public Mono<Optional<Stored>> find(Key key) {
        return scriptOfMany(FIND, name(key))
                .map(found -> found.isEmpty()
                        ? Optional.<Stored>empty()
                        : Optional.of(new Stored(bytes(found.get(0)), Long.parseLong(ascii(found.get(1))))))
                .defaultIfEmpty(Optional.empty());
    }

    private static byte[] bytes(Object value) {
        ByteBuffer buffer = ((ByteBuffer) value).duplicate();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static String ascii(Object value) {
        return new String(bytes(value), StandardCharsets.US_ASCII);
    }

    /** An entry whose record is gone is removed when a listing meets it, and the listing goes on behind it. */
    @Override
    public Mono<List<String>> list(String namespace, String after, int limit) {
        return some(namespace, after, limit)
                .expand(some -> some.isLast() ? Mono.empty() : some(namespace, some.lastEntry, limit))
                .concatMapIterable(Some::ids)
                .take(limit)
                .collectList();
    }

    /** Of an index: the ids among some entries whose records are there. */
    private record Some(List<String> ids, int entries, String lastEntry, int limit) {
        boolean isLast() {
            return entries < limit || ids.size() == limit;
        }
    }

    private Mono<Some> some(String namespace, String after, int limit) {
        Range<ByteBuffer> range = Range.from(
                after.isEmpty() ? Range.Boundary.unbounded() : Range.Boundary.excluding(text(after)),
                Range.Boundary.unbounded());
        return calls.call(commands -> commands.zrangebylex(index(namespace), range, Limit.from(limit)))
                .map(entries -> entries.stream()
                        .map(entry -> StandardCharsets.US_ASCII.decode(entry).toString())
                        .toList())
                .flatMap(entries -> Flux.fromIterable(entries)
                        .concatMap(id -> {
                            Key key = new Key(namespace, id);
                            return script(EXPIRED, name(key))
                                    .flatMap(gone -> gone == 1 ? leave(key).then(Mono.<String>empty()) : Mono.just(id));
                        })
                        .collectList()
                        .map(ids ->
                                new Some(ids, entries.size(), entries.isEmpty() ? after : entries.getLast(), limit)));
    }

    @Override
    public Mono<Acquired> acquire(Key key, String owner, Duration duration) {
        return scriptOfMany(ACQUIRE, name(key), arguments(text(owner), number(duration.toMillis())))
                .map(answer -> {
                    long number = (Long) answer.get(1);
                    return switch ((int) (long) (Long) answer.get(0)) {
                        case 1 -> new Acquired.Granted(new Lease(key, owner, number));
                        case 0 -> new Acquired.HeldByOther(Duration.ofMillis(number));
                        default -> new Acquired.NoSuchSession();
                    };
                });
    }

    @Override
    public Mono<Boolean> renew(Lease lease, Duration duration) {
        return script(
                        RENEW,
                        name(lease.key()),
                        arguments(text(lease.owner()), number(lease.fence()), number(duration.toMillis())))
                .map(renewed -> renewed == 1);
    }

    @Override
    public Mono<Void> release(Lease lease) {
        return script(RELEASE, name(lease.key()), arguments(text(lease.owner()), number(lease.fence())))
                .then();
    }

    @Override
    public Mono<Replaced> replace(Lease lease, byte[] record, Duration timeToLive) {
        return script(
                        REPLACE,
                        name(lease.key()),
                        arguments(
                                text(lease.owner()),
                                number(lease.fence()),
                                ByteBuffer.wrap(record),
                                number(timeToLive.toMillis())))
                .flatMap(ends -> switch ((int) Math.max(-1, Math.min(ends, 1))) {
                    case -1 -> Mono.just(Replaced.NO_SUCH_SESSION);
                    case 0 -> Mono.just(Replaced.NOT_OWNER);
                    // The turn is written; entries that are missing now come with the next one.
                    default -> enter(lease.key(), ends).onErrorComplete().thenReturn(Replaced.DONE);
                });
    }

    @Override
    public Mono<Boolean> delete(Key key) {
        return script(DELETE, name(key))
                .flatMap(existed -> leave(key).onErrorComplete().thenReturn(existed == 1));
    }
}
