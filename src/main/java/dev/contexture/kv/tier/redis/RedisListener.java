package dev.contexture.kv.tier.redis;

/** Hears of calls, for metrics. Called on any thread; must not block or throw. */
public interface RedisListener {
    /** What a call was for. */
    enum Operation {
        LOAD,
        STORE,
        TOUCH,
        REMOVE,
        SALT,
        SESSION
    }

    /** Why a call was not answered as it should be. */
    enum Failure {
        TIMEOUT,
        CONNECTION,
        /** Too many calls are under way. */
        OVERLOAD,
        BREAKER,
        /** Redis has no room. */
        FULL,
        /** Redis answered with another error. */
        ERROR
    }

    RedisListener NONE = new RedisListener() {
        @Override
        public void answered(Operation operation, long nanos) {}

        @Override
        public void failed(Operation operation, Failure failure) {}

        @Override
        public void moved(long loadedBytes, long storedBytes) {}
    };

    void answered(Operation operation, long nanos);

    void failed(Operation operation, Failure failure);

    /** Bytes of values. */
    void moved(long loadedBytes, long storedBytes);
}
