// Plain versions of the kernels: double sums, one loop per index, no cleverness.
#pragma once

#include <cstdint>
#include <vector>

#include "contexture/block_codec.h"
#include "contexture/paged_attention.h"
#include "contexture/selection.h"

namespace contexture {
namespace reference {

// One head: RMS norm (weight may be null), then half-split rotary. [head_dim] -> [head_dim]
std::vector<double> norm_and_rotate(const float* x, const float* weight, double epsilon, const float* cos,
                                    const float* sin, int32_t head_dim);

// The nearest half, ties to even, as a double; infinite from 65520 on.
double round_to_half(double x);

// Value i of the K (what = 0) or V (what = 1) row.
double pool_value(const PoolGeometry& geometry, const void* pool, int32_t layer, int64_t slot, int32_t kv_head,
                  int32_t what, int32_t i);

// Attention of one row of the step over the K and V that are in the pool, or over what is selected of them.
// [num_heads * head_dim]
std::vector<double> attention_row(const AttentionParams& params, const StepView& step, int32_t seq, int32_t row);

// Values rounded to whole steps, of which the largest magnitude has so many.
std::vector<double> rounded_to_steps(std::vector<double> x, double steps);

// One weight per position out of the scores of several heads: a softmax each, then their largest or their mean.
std::vector<double> position_weights(const std::vector<std::vector<double>>& scores, bool mean);

// The selection of a rule, by sorting everything: ascending positions.
std::vector<int32_t> selected_positions(const SelectionRule& rule, int32_t position, const std::vector<float>& weights,
                                        const std::vector<int32_t>& block_ends);

// A stored block of 8 or 4 bits or halves, value by value; and what row `what` (0 = K, 1 = V) of its token `token` and layer
// `layer` (an index into place.layers) says of channel i. Floats, so that bytes can be compared.
std::vector<uint8_t> encoded_block(const BlockPlace& place, BlockFormat format, const void* pool);
float decoded_value(const BlockPlace& place, BlockFormat format, const std::vector<uint8_t>& bytes, int32_t layer,
                    int32_t what, int32_t token, int32_t i);

std::vector<double> block_sum(const std::vector<float>& x, int64_t block);
std::vector<double> block_sum_int8(const std::vector<float>& x, int64_t block);
std::vector<double> swiglu(const std::vector<float>& gate_up, int64_t rows, int64_t width);

}  // namespace reference
}  // namespace contexture
