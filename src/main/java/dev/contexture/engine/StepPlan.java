package dev.contexture.engine;

import dev.contexture.kv.SlotRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What one step computes, sequence by sequence. */
public record StepPlan(List<SequenceStep> sequences) {
    /**
     * One sequence's part.
     *
     * @param tokens the next tokens whose KV is missing
     * @param sampler present if the step reaches the end of the sequence, so that its last row gives the next token
     * @param sparsity how the sequence is decoded; empty: always dense, and never to be decoded sparsely later
     */
    public record SequenceStep(
            SlotRequest tokens, Optional<SamplerState> sampler, Optional<SequenceSparsity> sparsity) {
        public SequenceStep(SlotRequest tokens, Optional<SamplerState> sampler) {
            this(tokens, sampler, Optional.empty());
        }
    }

    public StepPlan {
        sequences = List.copyOf(sequences);
        if (sequences.isEmpty()) {
            throw new IllegalArgumentException("a step needs at least one sequence");
        }
    }

    public int rows() {
        return sequences.stream().mapToInt(s -> s.tokens().count()).sum();
    }

    List<SlotRequest> slotRequests() {
        return sequences.stream().map(SequenceStep::tokens).toList();
    }

    int[] tokenIds() {
        return sequences.stream()
                .flatMapToInt(s -> java.util.Arrays.stream(s.tokens().tokens()))
                .toArray();
    }

    /** The sequences whose next token is drawn, in the order of {@link #logitRows}. */
    List<RowSampler.Row> sampledRows() {
        return sequences.stream()
                .flatMap(sequence -> sequence.sampler().stream()
                        .map(state -> new RowSampler.Row(sequence.tokens().sequenceId(), state)))
                .toList();
    }

    /** The last row of each sequence that is sampled. */
    int[] logitRows() {
        List<Integer> rows = new ArrayList<>();
        int end = 0;
        for (SequenceStep sequence : sequences) {
            end += sequence.tokens().count();
            if (sequence.sampler().isPresent()) {
                rows.add(end - 1);
            }
        }
        return rows.stream().mapToInt(Integer::intValue).toArray();
    }
}
