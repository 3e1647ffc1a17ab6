#pragma once

#include "simd.h"

namespace contexture {
namespace CTX_ISA_NAMESPACE {

inline float sum_of(const float* x, int64_t count) {
  Vec total = zero();
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) total = add(total, load(x + i));
  float sum = reduce_add(total);
  for (; i < count; ++i) sum += x[i];
  return sum;
}

inline void block_sum_row(const float* x, int64_t width, int64_t block, float* sums) {
  for (int64_t b = 0; b < width / block; ++b) sums[b] = sum_of(x + b * block, block);
}

inline void swiglu_row(const float* gate_up, int64_t width, int64_t block, float* y, float* sums) {
  const float* up = gate_up + width;
  const Vec one = broadcast(1.0f);
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    const Vec gate = load(gate_up + i);
    // Below -87, e^-gate would overflow: there silu(gate) is gate / (1 + e^88), some 1e-36, instead of less.
    const Vec silu = div(gate, add(one, exp(sub(zero(), gate))));
    store(y + i, mul(silu, load(up + i)));
  }
  for (; i < width; ++i) y[i] = gate_up[i] / (1.0f + std::exp(-gate_up[i])) * up[i];
  if (block > 0) block_sum_row(y, width, block, sums);
}

}  // namespace CTX_ISA_NAMESPACE
}  // namespace contexture
