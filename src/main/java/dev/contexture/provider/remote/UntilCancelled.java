package dev.contexture.provider.remote;

import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Passes signals on until its reader cancels: the JDK's client says of its own cancelled bodies that they failed. */
final class UntilCancelled<T> implements Flow.Subscriber<T>, Flow.Subscription {
    private final Flow.Subscriber<? super T> reader;
    private final AtomicReference<Flow.@Nullable Subscription> source = new AtomicReference<>();
    private volatile boolean isCancelled;

    private UntilCancelled(Flow.Subscriber<? super T> reader) {
        this.reader = reader;
    }

    static <T> Flow.Publisher<T> of(Flow.Publisher<T> source) {
        return reader -> source.subscribe(new UntilCancelled<>(reader));
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        source.set(subscription);
        reader.onSubscribe(this);
    }

    @Override
    public void onNext(T item) {
        if (!isCancelled) {
            reader.onNext(item);
        }
    }

    @Override
    public void onError(Throwable error) {
        if (!isCancelled) {
            reader.onError(error);
        }
    }

    @Override
    public void onComplete() {
        if (!isCancelled) {
            reader.onComplete();
        }
    }

    @Override
    public void request(long n) {
        Flow.Subscription subscription = source.get();
        if (subscription != null) {
            subscription.request(n);
        }
    }

    @Override
    public void cancel() {
        isCancelled = true;
        Flow.Subscription subscription = source.get();
        if (subscription != null) {
            subscription.cancel();
        }
    }
}
