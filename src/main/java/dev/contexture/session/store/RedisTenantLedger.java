package dev.contexture.session.store;

import dev.contexture.kv.tier.redis.RedisLink;
import dev.contexture.kv.tier.redis.RedisListener;
import io.lettuce.core.ScriptOutputType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;
import reactor.core.publisher.Mono;

/**
 * A ledger in Redis: a sorted set of a tenant's entries by expiry, and the sum of their bytes, changed together by scripts. Both names
 * have one hash tag, so that a cluster keeps them on one server.
 */
public final class RedisTenantLedger implements TenantLedger {
    private static final String DROP = "local function drop(m) if redis.call('ZREM', KEYS[1], m) == 1 then "
            + "redis.call('DECRBY', KEYS[2], string.match(m, ':(%d+)$')) end "
            + "if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end end ";
    private static final String ENTER =
            "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) "
                    + DROP
                    + "if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end "
                    + "for _, m in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[6])) do drop(m) end "
                    + "if redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1]) == 1 then redis.call('INCRBY', KEYS[2], ARGV[2]) end "
                    + "local count = redis.call('ZCARD', KEYS[1]) local bytes = tonumber(redis.call('GET', KEYS[2])) "
                    + "local surplus = {} "
                    + "for _, m in ipairs(redis.call('ZRANGE', KEYS[1], 0, ARGV[6] - 1)) do "
                    + "if m == ARGV[1] or count <= tonumber(ARGV[4]) and bytes <= tonumber(ARGV[5]) then break end "
                    + "surplus[#surplus + 1] = m count = count - 1 bytes = bytes - string.match(m, ':(%d+)$') end "
                    + "return surplus";
    private static final String LEAVE = DROP + "drop(ARGV[1]) return 1";

    private final RecordFamily family;
    private final RedisCalls calls;

    /**
     * @param family what it tells of
     * @param link which is not closed here
     * @param nanos a monotonic clock
     */
    public RedisTenantLedger(RecordFamily family, RedisLink link, RedisListener listener, LongSupplier nanos) {
        this.family = family;
        this.calls = new RedisCalls(link, listener, nanos);
    }

    private String[] keys(String namespace) {
        String tagged = family.prefix() + "{" + namespace + "}:";
        return new String[] {tagged + "entries", tagged + "bytes"};
    }

    private static ByteBuffer member(Entry entry) {
        return RedisCalls.text(entry.id() + ":" + entry.bytes());
    }

    @Override
    public Mono<List<Entry>> enter(String namespace, Entry entry, Duration timeToLive, Bounds bounds) {
        return calls.call(commands -> commands.<List<Object>>eval(
                        ENTER,
                        ScriptOutputType.MULTI,
                        keys(namespace),
                        member(entry),
                        RedisCalls.number(entry.bytes()),
                        RedisCalls.number(timeToLive.toMillis()),
                        RedisCalls.number(bounds.mostEntries()),
                        RedisCalls.number(bounds.mostBytes()),
                        RedisCalls.number(MOST_SURPLUS)))
                .map(members -> members.stream().map(RedisTenantLedger::entry).toList())
                .defaultIfEmpty(List.of());
    }

    private static Entry entry(Object member) {
        String text = StandardCharsets.US_ASCII
                .decode(((ByteBuffer) member).duplicate())
                .toString();
        int colon = text.lastIndexOf(':');
        return new Entry(text.substring(0, colon), Long.parseLong(text.substring(colon + 1)));
    }

    @Override
    public Mono<Void> leave(String namespace, Entry entry) {
        return calls.call(commands ->
                        commands.<Long>eval(LEAVE, ScriptOutputType.INTEGER, keys(namespace), member(entry)))
                .then();
    }
}
