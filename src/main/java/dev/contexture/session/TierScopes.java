package dev.contexture.session;

import dev.contexture.kv.tier.Scope;
import dev.contexture.kv.tier.TierUse;

/** Whose stored blocks a request may go on from, and what they are of. */
public final class TierScopes {
    private final TenantNamespaces namespaces;
    private final String fingerprint;

    /**
     * @param fingerprint of everything that a block's bytes depend on but its tokens
     */
    public TierScopes(TenantNamespaces namespaces, String fingerprint) {
        this.namespaces = namespaces;
        this.fingerprint = fingerprint;
    }

    String namespace(String tenant) {
        return namespaces.of(tenant);
    }

    TierUse of(GenerationRequest request) {
        Scope scope = new Scope(namespaces.of(request.tenant()), fingerprint);
        return request.session()
                .map(session -> new TierUse(scope, session.id(), session.lineage(), session.resumeTokens()))
                .orElseGet(() -> new TierUse(scope, "", "", 0));
    }

    TierUse of(String tenant, Session session) {
        Scope scope = new Scope(namespaces.of(tenant), fingerprint);
        return new TierUse(scope, session.id(), session.lineage(), session.tokenCount());
    }
}
