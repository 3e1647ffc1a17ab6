package dev.contexture.kv.tier.redis;

import dev.contexture.kv.tier.BlockPart;
import dev.contexture.kv.tier.TierKey;
import java.util.HexFormat;

/** What things are called in Redis. Nothing of a name tells who a tenant is or what a text says. */
final class RedisNames {
    private static final HexFormat HEX = HexFormat.of();

    private RedisNames() {}

    /** No hash tag: a session's values spread over a cluster. */
    static String of(TierKey key) {
        return "ctx:kv:" + key.scope().namespace() + ':' + key.scope().fingerprint() + ':'
                + HEX.toHexDigits(key.hashHigh()) + HEX.toHexDigits(key.hashLow()) + ':' + part(key.part());
    }

    private static String part(BlockPart part) {
        return switch (part) {
            case BlockPart.Rows rows -> rows.layerGroup() + "." + rows.kvHead();
            case BlockPart.Index index -> "i";
            case BlockPart.Carry carry -> "c";
        };
    }

    static String salt(String namespace) {
        return "ctx:salt:" + namespace;
    }
}
