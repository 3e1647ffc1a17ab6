package dev.contexture.api;

import dev.contexture.core.SamplingParams;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** From the fields of a body to sampling parameters, with OpenAI's defaults. */
final class SamplingReader {
    private static final int MAX_LOGIT_BIASES = 1024;

    private final ApiProperties bounds;

    SamplingReader(ApiProperties bounds) {
        this.bounds = bounds;
    }

    /**
     * @throws InvalidRequestException if a value is out of range; names the field
     */
    SamplingParams sampling(SamplingFields fields, boolean logprobs, int topLogprobs) {
        try {
            return new SamplingParams(
                    or(fields.temperature(), 1f),
                    topK(fields),
                    or(fields.topP(), 1f),
                    or(fields.minP(), 0f),
                    or(fields.repetitionPenalty(), 1f),
                    or(fields.frequencyPenalty(), 0f),
                    or(fields.presencePenalty(), 0f),
                    logitBias(fields.logitBias()),
                    fields.seed(),
                    logprobs,
                    topLogprobs);
        } catch (IllegalArgumentException e) {
            throw outOfRange(e);
        }
    }

    /** -1 says "all", as in vLLM. */
    private static int topK(SamplingFields fields) {
        int topK = or(fields.topK(), 0);
        return topK == -1 ? 0 : topK;
    }

    /** Records name the field first: "top_p must be …". */
    static InvalidRequestException outOfRange(IllegalArgumentException e) {
        String message = e.getMessage() == null ? "a value is out of range" : e.getMessage();
        int end = message.indexOf(' ');
        return InvalidRequestException.badValue(message + ".", end < 0 ? message : message.substring(0, end));
    }

    private static Map<Integer, Float> logitBias(@Nullable Map<String, Float> given) {
        if (given == null) {
            return Map.of();
        }
        if (given.size() > MAX_LOGIT_BIASES) {
            throw InvalidRequestException.badValue(
                    "logit_bias has " + given.size() + " entries; the most allowed is " + MAX_LOGIT_BIASES + ".",
                    "logit_bias");
        }
        Map<Integer, Float> biases = HashMap.newHashMap(given.size());
        given.forEach((token, bias) -> {
            if (bias == null) {
                throw InvalidRequestException.badType("logit_bias." + token, "a number");
            }
            try {
                biases.put(Integer.parseInt(token), bias);
            } catch (NumberFormatException e) {
                throw InvalidRequestException.badValue(
                        "logit_bias has the key '" + token + "', which is no token id.", "logit_bias");
            }
        });
        return biases;
    }

    List<String> stop(SamplingFields fields) {
        return stop(fields, "stop");
    }

    /**
     * @param param the field's name
     */
    List<String> stop(SamplingFields fields, String param) {
        List<String> stops = new ArrayList<>();
        switch (fields.stop()) {
            case null -> {}
            case String one -> stops.add(one);
            case List<?> several -> {
                for (int i = 0; i < several.size(); i++) {
                    if (!(several.get(i) instanceof String text)) {
                        throw InvalidRequestException.badType(param + "[" + i + "]", "a string");
                    }
                    stops.add(text);
                }
            }
            default -> throw InvalidRequestException.badType(param, "a string or an array of strings");
        }
        if (stops.size() > bounds.maxStopSequences()) {
            throw InvalidRequestException.badValue(
                    param + " has " + stops.size() + " sequences; the most allowed is " + bounds.maxStopSequences()
                            + ".",
                    param);
        }
        if (stops.contains("")) {
            throw InvalidRequestException.badValue("A stop sequence must not be empty.", param);
        }
        return stops;
    }

    /**
     * @param prompts of the request
     */
    int choices(SamplingFields fields, int prompts) {
        int n = or(fields.n(), 1);
        if (n < 1 || (long) n * prompts > bounds.maxChoices()) {
            throw InvalidRequestException.badValue(
                    "n must be at least 1 and, times the number of prompts (" + prompts + "), at most "
                            + bounds.maxChoices() + ", but is " + n + ".",
                    "n");
        }
        return n;
    }

    static int requireTopLogprobs(int asked, String param) {
        if (asked < 0 || asked > SamplingParams.MAX_TOP_LOGPROBS) {
            throw InvalidRequestException.badValue(
                    param + " must be in [0, " + SamplingParams.MAX_TOP_LOGPROBS + "] but is " + asked + ".", param);
        }
        return asked;
    }

    private static float or(@Nullable Float value, float otherwise) {
        return value == null ? otherwise : value;
    }

    private static int or(@Nullable Integer value, int otherwise) {
        return value == null ? otherwise : value;
    }
}
