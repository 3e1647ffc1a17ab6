package dev.contexture.testing;

import com.openai.client.okhttp.OpenAIOkHttpClient;

/** OpenAI's own client for Java, of a service on this machine. What fails is not tried again. */
public final class LocalOpenAi {
    private LocalOpenAi() {}

    public static OpenAIOkHttpClient.Builder at(int port) {
        return OpenAIOkHttpClient.builder()
                .baseUrl("http://localhost:" + port + "/v1")
                .apiKey("none-needed")
                .maxRetries(0);
    }
}
