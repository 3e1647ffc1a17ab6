// What the kernels of the retrieval head share: rotation, softmax in parts, and what they leave for each other.
#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/retrieval.h"

namespace contexture {
namespace cuda {

constexpr int kGroupKeys = 8;       // that no page's border divides
constexpr int kChunkTokens = 1024;  // that a block of threads scores
constexpr int kKeyZero = 8;         // of a key's 4 bits
constexpr float kKeySteps = 7.0f, kQuerySteps = 127.0f;

// Where the kernels find what in the workspace.
struct Workspace {
  float* scores;   // [rows, lists, heads, stride], in powers of two
  float* weights;  // [rows, lists, stride]
  float2* parts;   // [rows, lists, chunks, heads]: a chunk's largest score, and the sum of its powers relative to that
  // Where blocks are chosen from first: [rows, lists, most_blocks], and what was kept of them, [rows, lists].
  float* block_scores;
  int32_t* kept_tokens;
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

// Of a number that is not above 0; what is below the smallest normal float becomes 0, which a sum from 1 on does not notice.
__device__ __forceinline__ float power_of_two(float x) {
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
}

// The largest score that a lane has seen of a head, and the sum of powers relative to it.
struct Softmax {
  float top = -INFINITY, sum = 0;

  __device__ __forceinline__ void add_two(float x, float y) {
    const float highest = fmaxf(x, y);
    if (highest > top) sum *= power_of_two(top - highest), top = highest;
    if (top > -INFINITY) sum += power_of_two(x - top) + power_of_two(y - top);
  }
  __device__ __forceinline__ void add(float other_top, float other_sum) {
    const float highest = fmaxf(top, other_top);
    if (highest == -INFINITY) return;
    sum = sum * exp2f(top - highest) + other_sum * exp2f(other_top - highest);
    top = highest;
  }
};

// Weights of positions out of the scores of a list's heads. A weight with a sign is of a position that must not be chosen.
struct HeadFactors {
  float tops[kMostHeadsPerList], factors[kMostHeadsPerList];

  // By the first threads of a block; who reads must wait for them.
  __device__ __forceinline__ void fill(const ScoreArgs& a, int64_t list, const SelectionRule& rule, int32_t first,
                                       int32_t last, int heads) {
    if (threadIdx.x >= heads) return;
    Softmax whole;
    for (int c = first / kChunkTokens; first < last && c <= (last - 1) / kChunkTokens; ++c) {
      const float2 part = a.w.parts[(list * a.w.chunks + c) * heads + threadIdx.x];
      whole.add(part.x, part.y);
    }
    const float of = rule.heads == SelectionRule::kMeanOfHeads ? static_cast<float>(heads) : 1.0f;
    tops[threadIdx.x] = whole.top == -INFINITY ? 0.0f : whole.top;
    factors[threadIdx.x] = whole.sum > 0 ? 1.0f / (whole.sum * of) : 0.0f;
  }
  __device__ __forceinline__ float weight(const float* scores, int64_t stride, int heads, bool mean) const {
    float weight = 0;
    for (int h = 0; h < heads; ++h) {
      const float share = exp2f(scores[h * stride] - tops[h]) * factors[h];
      weight = mean ? weight + fmaxf(share, 0.0f) : fmaxf(weight, share);  // the larger of a number and NaN is the number
    }
    return weight;
  }
};

// What the threads before this one have, and what all have; shared: a number per warp.
template <int kThreads>
__device__ uint32_t sum_before(uint32_t mine, uint32_t* shared, uint32_t& all) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  uint32_t upto = mine;
#pragma unroll
  for (int m = 1; m < 32; m *= 2) {
    const uint32_t other = __shfl_up_sync(~0u, upto, m);
    if (lane >= m) upto += other;
  }
  if (lane == 31) shared[warp] = upto;
  __syncthreads();
  uint32_t before = upto - mine;
  all = 0;
#pragma unroll
  for (int w = 0; w < kThreads / 32; ++w) {
    if (w < warp) before += shared[w];
    all += shared[w];
  }
  __syncthreads();
  return before;
}

// Numbers in bins, and where in them a rank lies: weights are told apart digit by digit, 11, 11 and 9 bits of them.
struct Bins {
  static constexpr int kCount = 2048, kDigits = 3;
  static __device__ __forceinline__ int shift(int digit) { return digit == 0 ? 20 : digit == 1 ? 9 : 0; }
  static __device__ __forceinline__ int count(int digit) { return digit == 2 ? 512 : kCount; }

  uint32_t bins[kCount];
  int digit;
  uint32_t rank;

  __device__ __forceinline__ void clear() {
    for (int i = threadIdx.x; i < kCount; i += blockDim.x) bins[i] = 0;
  }
  // The digit of what has `rank` from the largest, 1 the first, and its rank among those with that digit.
  template <int kThreads>
  __device__ void find(int count, uint32_t of, uint32_t* shared) {
    const int each = count / kThreads;
    const int highest = count - 1 - static_cast<int>(threadIdx.x) * each;  // thread 0 has the highest
    uint32_t mine = 0, all;
    for (int i = 0; i < each; ++i) mine += bins[highest - i];
    uint32_t before = sum_before<kThreads>(mine, shared, all);
    if (before < of && of <= before + mine)
      for (int i = 0; i < each; ++i) {
        const uint32_t here = bins[highest - i];
        if (of <= before + here) {
          digit = highest - i, rank = of - before;
          break;
        }
        before += here;
      }
  }
};

void launch_scores(const ScoreArgs& args, cudaStream_t stream);
void launch_blocks(const ScoreArgs& args, cudaStream_t stream);
void launch_selection(const ScoreArgs& args, cudaStream_t stream);

}  // namespace cuda
}  // namespace contexture
