package dev.contexture.engine;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/** Draws from logits in host memory, one row after the other. */
final class HostSampler implements RowSampler {
    private final ModelRunner runner;
    private final Sampler sampler;

    /**
     * @param tokens ids below this are drawn
     */
    HostSampler(ModelRunner runner, int tokens) {
        this.runner = runner;
        this.sampler = new Sampler(tokens);
    }

    @Override
    public List<SampledToken> sample(List<Row> rows) {
        if (rows.isEmpty()) {
            return List.of();
        }
        List<SampledToken> sampled = new ArrayList<>(rows.size());
        FloatBuffer logits = runner.logits();
        for (Row row : rows) {
            logits.position(sampled.size() * runner.vocabularySize());
            sampled.add(sampler.sample(row.sequenceId(), logits.slice(), row.state()));
        }
        return sampled;
    }
}
