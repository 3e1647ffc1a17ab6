// Small operations around the 4-bit products.
#pragma once

#include <cstdint>

#include "contexture/execution.h"

namespace contexture {

// sums[t, b] = sum of x[t, b * block .. (b + 1) * block)
void block_sum(const float* x /* [rows, width] */, float* sums /* [rows, width / block] */, int64_t rows,
               int64_t width, int64_t block, const Execution& execution);

// y = silu(gate) * up, and the block sums of y unless block is 0.
void swiglu(const float* gate_up /* [rows, 2 * width] */, float* y /* [rows, width] */,
            float* sums /* [rows, width / block] */, int64_t rows, int64_t width, int64_t block,
            const Execution& execution);

}  // namespace contexture
