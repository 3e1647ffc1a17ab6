package dev.contexture.config;

import dev.contexture.core.SelectionRule;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.core.SparsityPolicy;
import dev.contexture.nativelib.FfmDescriptors;
import dev.contexture.selection.SelectionSettings;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How long contexts are decoded.
 *
 * @param mode auto (dense while the context fits the budget, sparse above), dense, tokens, blocks or two-level
 * @param selector auto (a trained head if there is one, else descriptors), head, descriptors or none
 * @param head file of a trained retrieval head; empty: the built-in one, if there is one for the model
 * @param budget most tokens attended per step, layer group and KV head; 0: 512 with a trained head, 1,024 without
 * @param sink first tokens, always attended
 * @param recent last tokens, always attended
 * @param maxBudget most tokens that a request may ask for
 * @param residencyFactor residency of two-level mode in budgets
 * @param automaticUnit what auto selects with a trained head: tokens, blocks or two-level; without one: blocks
 * @param headReduction how scores of the query heads of a KV head become one: max (as published) or mean
 * @param blockPooling how scores of a block's tokens become one: sum, max or mean
 * @param descriptor what describes a block where no head was trained: min-max or mean
 * @param descriptorGroups groups of layers that share a selection by descriptors; 0: each layer has its own
 * @param firstDenseLayers layers that attend to everything
 * @param reuseInterval steps for which a selection serves
 * @param lowMass a step whose selected mass is below attends to everything; 0: never
 * @param highMass the mass at which a doubtful sequence gets its own budget back
 * @param wideFactor what a doubtful sequence's budget is multiplied by
 * @param prefillBudget most tokens before a chunk of a prompt that its rows attend to; 0: all
 * @param prefillQueries tokens of a chunk whose wishes count
 */
@ConfigurationProperties("contexture.sparsity")
public record SparsityProperties(
        @DefaultValue("auto") SparsityMode mode,
        @DefaultValue("auto") Selector selector,
        @DefaultValue("") String head,
        @DefaultValue("0") int budget,
        @DefaultValue("4") int sink,
        @DefaultValue("64") int recent,
        @DefaultValue("4096") int maxBudget,
        @DefaultValue("4") int residencyFactor,
        @DefaultValue("tokens") SelectionRule.Unit automaticUnit,
        @DefaultValue("max") SelectionRule.HeadReduction headReduction,
        @DefaultValue("sum") SelectionRule.BlockPooling blockPooling,
        @DefaultValue("min-max") FfmDescriptors.Kind descriptor,
        @DefaultValue("0") int descriptorGroups,
        @DefaultValue("0") int firstDenseLayers,
        @DefaultValue("1") int reuseInterval,
        @DefaultValue("0") double lowMass,
        @DefaultValue("0") double highMass,
        @DefaultValue("2") int wideFactor,
        @DefaultValue("0") int prefillBudget,
        @DefaultValue("32") int prefillQueries) {
    private static final int HEAD_BUDGET_TOKENS = 512;
    private static final int DESCRIPTOR_BUDGET_TOKENS = 1024;
    private static final int MAX_RESIDENCY_FACTOR = 1024;

    public SparsityProperties {
        // Bad values end the binding, and so the start, with the setting's name.
        try {
            require(budget >= 0, "budget must not be negative but is " + budget);
            require(sink >= 0, "sink must not be negative but is " + sink);
            require(recent >= 1, "recent must be at least 1, the current token, but is " + recent);
            long kept = (long) sink + recent;
            require(kept <= maxBudget, "max-budget (" + maxBudget + ") must hold sink and recent (" + kept + ")");
            require(
                    budget == 0 || (kept <= budget && budget <= maxBudget),
                    "budget (" + budget + ") must hold sink and recent (" + kept + ") and be at most max-budget ("
                            + maxBudget + ")");
            require(
                    prefillBudget <= 0 || prefillBudget >= kept,
                    "prefill-budget (" + prefillBudget + ") must be 0 or hold sink and recent (" + kept + ")");
            require(
                    residencyFactor >= 1 && residencyFactor <= MAX_RESIDENCY_FACTOR,
                    "residency-factor must be in 1.." + MAX_RESIDENCY_FACTOR + " but is " + residencyFactor);
            require(
                    selector != Selector.NONE || mode == SparsityMode.AUTO || mode == SparsityMode.DENSE,
                    "mode must be auto or dense where selector is none");
            require(
                    head.isEmpty() || selector.takesHead(),
                    "head is named, but selector does not let a head choose: leave one of them out");
            new SelectionSettings(
                    headReduction,
                    blockPooling,
                    firstDenseLayers,
                    reuseInterval,
                    new SelectionSettings.Confidence(lowMass, highMass, wideFactor, maxBudget),
                    new SelectionSettings.PrefillBound(prefillBudget, prefillQueries));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("contexture.sparsity." + e.getMessage(), e);
        }
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }

    /** What chooses. */
    public enum Selector {
        AUTO,
        HEAD,
        DESCRIPTORS,
        NONE;

        /** Whether descriptors choose where there is no head. */
        boolean takesDescriptors() {
            return this == AUTO || this == DESCRIPTORS;
        }

        boolean takesHead() {
            return this == AUTO || this == HEAD;
        }
    }

    /** Groups of layers that share a selection by descriptors. */
    int descriptorGroupsOr(int layers) {
        if (descriptorGroups < 0 || descriptorGroups > layers) {
            throw new IllegalArgumentException(
                    "descriptor-groups must be in 0.." + layers + ", the model's layers, but is " + descriptorGroups);
        }
        return descriptorGroups == 0 ? layers : descriptorGroups;
    }

    SelectionSettings settings() {
        return new SelectionSettings(
                headReduction,
                blockPooling,
                firstDenseLayers,
                reuseInterval,
                new SelectionSettings.Confidence(lowMass, highMass, wideFactor, maxBudget),
                new SelectionSettings.PrefillBound(prefillBudget, prefillQueries));
    }

    /**
     * @param trained whether a trained head chooses
     */
    SparsityPolicy policy(boolean trained) {
        int usual = trained ? HEAD_BUDGET_TOKENS : DESCRIPTOR_BUDGET_TOKENS;
        int tokens = budget == 0 ? Math.clamp(usual, sink + recent, maxBudget) : budget;
        return new SparsityPolicy(
                new Sparsity(mode, tokens, sink, recent, Math.multiplyExact(tokens, residencyFactor)),
                maxBudget,
                residencyFactor,
                true);
    }
}
