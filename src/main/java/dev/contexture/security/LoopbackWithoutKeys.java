package dev.contexture.security;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import org.springframework.boot.context.event.ApplicationEnvironmentPreparedEvent;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.support.EnvironmentPostProcessorApplicationListener;
import org.springframework.context.ApplicationListener;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/** Without API keys both ports listen on loopback only; asking for more is refused at the start. */
public final class LoopbackWithoutKeys implements ApplicationListener<ApplicationEnvironmentPreparedEvent>, Ordered {
    private static final List<String> ADDRESSES = List.of("server.address", "management.server.address");
    private static final String LOOPBACK = "127.0.0.1";

    @Override
    public void onApplicationEvent(ApplicationEnvironmentPreparedEvent event) {
        ConfigurableEnvironment environment = event.getEnvironment();
        boolean hasKeys = Binder.get(environment)
                .bind("contexture.security.api-keys", Bindable.listOf(String.class))
                .map(keys -> !keys.isEmpty())
                .orElse(false);
        if (hasKeys) {
            return;
        }
        for (String property : ADDRESSES) {
            String address = environment.getProperty(property);
            if (address != null && !isLoopback(address)) {
                throw new UnprotectedAddressException(property + " is " + address
                        + ", but without API keys Contexture listens on loopback only:"
                        + " set contexture.security.api-keys, or remove " + property);
            }
        }
        environment
                .getPropertySources()
                .addLast(new MapPropertySource(
                        "loopbackWithoutKeys", Map.of(ADDRESSES.get(0), LOOPBACK, ADDRESSES.get(1), LOOPBACK)));
    }

    private static boolean isLoopback(String address) {
        try {
            return InetAddress.getByName(address).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /** After the settings' files were read. */
    @Override
    public int getOrder() {
        return EnvironmentPostProcessorApplicationListener.DEFAULT_ORDER + 1;
    }
}
