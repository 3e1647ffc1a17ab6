package dev.contexture.kv.tier.redis;

import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.ToByteBufEncoder;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** ASCII keys; values as bytes, written straight into the network buffer and copied once out of it. */
final class ValueCodec implements RedisCodec<String, ByteBuffer>, ToByteBufEncoder<String, ByteBuffer> {
    static final ValueCodec INSTANCE = new ValueCodec();

    private ValueCodec() {}

    @Override
    public String decodeKey(ByteBuffer bytes) {
        return StandardCharsets.US_ASCII.decode(bytes).toString();
    }

    @Override
    public ByteBuffer decodeValue(ByteBuffer bytes) {
        ByteBuffer value = ByteBuffer.allocate(bytes.remaining());
        value.put(bytes);
        return value.flip();
    }

    @Override
    public ByteBuffer encodeKey(String key) {
        return ByteBuffer.wrap(key.getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public ByteBuffer encodeValue(ByteBuffer value) {
        return value.duplicate();
    }

    @Override
    public void encodeKey(String key, ByteBuf target) {
        target.writeCharSequence(key, StandardCharsets.US_ASCII);
    }

    @Override
    public void encodeValue(ByteBuffer value, ByteBuf target) {
        target.writeBytes(value.duplicate());
    }

    @Override
    public int estimateSize(Object keyOrValue) {
        return keyOrValue instanceof ByteBuffer value ? value.remaining() : ((String) keyOrValue).length();
    }

    @Override
    public boolean isEstimateExact() {
        return true;
    }
}
