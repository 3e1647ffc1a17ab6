// The inner step of attention: sixteen rows of queries against sixteen keys, on the tensor cores.
#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/tensor_core.cuh"

namespace contexture {
namespace cuda {

constexpr int kSoftmaxTile = 16;  // keys

// Of rows in shared memory, in bytes: padded by 16, so that eight of them begin on eight different sets of banks.
constexpr int softmax_pitch(int dim) { return 2 * dim + 16; }

// Attention of 16 rows over the keys that a warp has seen: weights relative to each row's largest score so far.
template <class T, int kDim>
struct RowSoftmax {
  float top[2] = {-INFINITY, -INFINITY};  // of the rows lane / 4 and lane / 4 + 8
  float sum[2] = {0, 0};                  // of this lane's columns
  float out[kDim / 8][4] = {};

  // kSoftmaxTile keys and their values in shared memory, rows softmax_pitch(kDim) apart; valid(column, half): whether the
  // row of that half attends to the key of that column. Each row must have attended to a key before it has a tile without.
  template <class Valid>
  __device__ __forceinline__ void add(const uint32_t (&q)[kDim / 16][4], const char* keys, const char* values, float scale,
                                      int lane, const Valid& valid) {
    constexpr int kPitch = softmax_pitch(kDim);
    float scores[2][4] = {};
    const char* key = keys + (lane / 16 * 8 + lane % 8) * kPitch + lane / 8 % 2 * 16;
#pragma unroll
    for (int k = 0; k < kDim / 16; ++k) {
      uint32_t b[4];
      load_matrices(b, key + 32 * k);
      multiply_add<T>(scores[0], q[k], b[0], b[1]);
      multiply_add<T>(scores[1], q[k], b[2], b[3]);
    }
    float highest[2] = {top[0], top[1]};
#pragma unroll
    for (int j = 0; j < 2; ++j)
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int column = 8 * j + 2 * (lane % 4) + i % 2;
        scores[j][i] = valid(column, i / 2) ? scores[j][i] * scale : -INFINITY;
        highest[i / 2] = fmaxf(highest[i / 2], scores[j][i]);
      }
    highest[0] = quad_max(highest[0]), highest[1] = quad_max(highest[1]);
    if (__any_sync(~0u, highest[0] > top[0] || highest[1] > top[1])) {
      const float keep[2] = {exp2f(top[0] - highest[0]), exp2f(top[1] - highest[1])};
      sum[0] *= keep[0], sum[1] *= keep[1];
#pragma unroll
      for (int d = 0; d < kDim / 8; ++d)
#pragma unroll
        for (int i = 0; i < 4; ++i) out[d][i] *= keep[i / 2];
      top[0] = highest[0], top[1] = highest[1];
    }
#pragma unroll
    for (int j = 0; j < 2; ++j)
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        scores[j][i] = exp2f(scores[j][i] - top[i / 2]);
        sum[i / 2] += scores[j][i];
      }
    const uint32_t weights[4] = {pack<T>(scores[0][0], scores[0][1]), pack<T>(scores[0][2], scores[0][3]),
                                 pack<T>(scores[1][0], scores[1][1]), pack<T>(scores[1][2], scores[1][3])};
    const char* value = values + (lane / 8 % 2 * 8 + lane % 8) * kPitch + lane / 16 * 16;
#pragma unroll
    for (int d = 0; d < kDim / 16; ++d) {
      uint32_t b[4];
      load_transposed(b, value + 32 * d);
      multiply_add<T>(out[2 * d], weights, b[0], b[1]);
      multiply_add<T>(out[2 * d + 1], weights, b[2], b[3]);
    }
  }
};

}  // namespace cuda
}  // namespace contexture
