// What the kernels of the retrieval head share: rotation, softmax in parts, and what they leave for each other.
#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/retrieval.h"

namespace contexture {
namespace cuda {

constexpr int kGroupKeys = 8;       // keys of one matrix product
constexpr int kChunkTokens = 1024;  // that a block of threads scores
constexpr int kKeyZero = 8;         // of a key's 4 bits
constexpr float kKeySteps = 7.0f, kQuerySteps = 127.0f;

// Where the kernels find what in the workspace.
struct Workspace {
  float* scores;   // [rows, lists, heads, stride], in powers of two
  float* weights;  // [rows, lists, stride]
  float2* parts;   // [rows, lists, chunks, heads]: a chunk's largest score, and the sum of its powers relative to that
  int64_t stride;
  int32_t chunks;
};

struct ScoreArgs {
  SelectDeviceRows s;
  Workspace w;
  int64_t list_bytes, page_bytes, scales_offset;
};

// One value of a rotated vector: the pair (i, i + n / 2) turns by the angle of column i.
__device__ __forceinline__ float rotated(const float* x, const float* cos, const float* sin, int n, int i) {
  if (i >= n) return 0.0f;
  const int half = n / 2;
  return i < half ? x[i] * cos[i] - x[half + i] * sin[i] : x[i] * cos[i - half] + x[i - half] * sin[i - half];
}

// Rounds to steps of a largest magnitude as the kernels for CPUs do; values that are not finite become 0.
struct Steps {
  float inverse, most, size;

  __device__ __forceinline__ Steps(float largest, float steps) : most(steps) {
    const bool finite = largest <= 3.4e38f;
    inverse = largest > 0 && finite ? steps / largest : 0.0f;
    size = finite ? largest / steps : 0.0f;
  }
  __device__ __forceinline__ int operator()(float x) const {
    const float step = x * inverse;
    const bool sound = fabsf(step) < most + 0.5f;
    return sound ? static_cast<int>(step + (step < 0 ? -0.5f : 0.5f)) : 0;
  }
};

// The largest score that a lane has seen of a head, and the sum of powers relative to it.
struct Softmax {
  float top = -INFINITY, sum = 0;

  __device__ __forceinline__ void add_two(float x, float y) {
    const float highest = fmaxf(x, y);
    if (highest > top) sum *= exp2f(top - highest), top = highest;
    if (top > -INFINITY) sum += exp2f(x - top) + exp2f(y - top);
  }
  __device__ __forceinline__ void add(float other_top, float other_sum) {
    const float highest = fmaxf(top, other_top);
    if (highest == -INFINITY) return;
    sum = sum * exp2f(top - highest) + other_sum * exp2f(other_top - highest);
    top = highest;
  }
};

// Throws std::invalid_argument.
void check_geometry(const DeviceKeyGeometry& geometry);

void launch_scores(const ScoreArgs& args, cudaStream_t stream);
void launch_selection(const ScoreArgs& args, cudaStream_t stream);

}  // namespace cuda
}  // namespace contexture
