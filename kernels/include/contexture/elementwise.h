// Small operations between the products.
#pragma once

#include <cstdint>

#include "contexture/parallel.h"

namespace contexture {

// sums[r, b] = sum of x[r, b * block .. (b + 1) * block).   x [rows, width], sums [rows, width / block]
void block_sum(const float* x, int64_t rows, int64_t width, int64_t block, float* sums, const Parallel& parallel);

// y = silu(gate) * up with gate_up [rows, 2 * width] = gate | up; sums of y per block when block > 0.
void swiglu(const float* gate_up, int64_t rows, int64_t width, int64_t block, float* y, float* sums,
            const Parallel& parallel);

}  // namespace contexture
