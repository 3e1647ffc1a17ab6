package dev.contexture.provider.langchain4j;

import dev.contexture.api.ServedRoutes;
import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.EmbeddedClient;
import dev.contexture.provider.remote.RemoteContexture;
import dev.contexture.provider.remote.RemoteSettings;
import dev.contexture.session.dialect.DialectSettings;
import dev.contexture.testing.ModellessService;
import dev.contexture.testing.ObedientGenerator;

/** {@link ObedientGenerator} behind the one entry point, and behind the routes over HTTP. */
final class ObedientServer implements AutoCloseable {
    static final String MODEL = ModellessService.MODEL;

    private final ObedientGenerator generator = new ObedientGenerator();
    private final ModellessService service = new ModellessService("qwen3", DialectSettings.AUTO, generator);
    private final ServedRoutes routes = new ServedRoutes(service.service(), service.renderer());
    private final RemoteContexture remote = new RemoteContexture(RemoteSettings.of(routes.url(), ""), () -> 0);

    ContextureClient embedded() {
        return EmbeddedClient.of(service.service());
    }

    RemoteContexture remote() {
        return remote;
    }

    @Override
    public void close() {
        remote.close();
        routes.close();
        generator.close();
    }
}
