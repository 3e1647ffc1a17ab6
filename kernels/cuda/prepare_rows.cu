#include "cuda/prepare_rows.h"

#include <stdexcept>
#include <string>

#include "cuda/tensor_core.cuh"

namespace contexture {
namespace cuda {
namespace {

constexpr int kWarps = 8;
constexpr int kMostPairs = 4;  // of one lane: 256 values are 128 pairs for 32 lanes

struct Args {
  PrepareRows p;
  char *layer, *also;
  int64_t page_bytes, value_offset, head_bytes, row_stride;
};

// Where a head's keys go besides, or null.
__device__ char* also_place(const Args& a, int64_t row, int head) {
  const PrepareRows& p = a.p;
  if (a.also == nullptr || p.also_row[row] < 0) return nullptr;
  const int64_t at = static_cast<int64_t>(p.also_row[row]) * p.also_lists + p.also_first + (p.also_one_list ? 0 : head);
  const int32_t slot = p.also_slots[at], page_tokens = p.geometry.page_tokens;
  return a.also + slot / page_tokens * a.page_bytes + slot % page_tokens * a.row_stride + head * a.head_bytes;
}

// A warp per head. Half-split rotary: the pair (i, i + n / 2) turns by the angle of column i.
template <class T>
__device__ void norm_and_rotate(const T* x, const T* weight, float epsilon, const float* cos, const float* sin, int n,
                                int lane, T* out) {
  const int half = n / 2;
  float low[kMostPairs], high[kMostPairs], squares = 0;
#pragma unroll
  for (int j = 0; j < kMostPairs; ++j) {
    const int i = lane + 32 * j;
    low[j] = i < half ? to_float(x[i]) : 0.0f;
    high[j] = i < half ? to_float(x[half + i]) : 0.0f;
    squares += low[j] * low[j] + high[j] * high[j];
  }
  const float inverse = weight == nullptr ? 1.0f : rsqrtf(warp_sum(squares) / static_cast<float>(n) + epsilon);
#pragma unroll
  for (int j = 0; j < kMostPairs; ++j) {
    const int i = lane + 32 * j;
    if (i >= half) continue;
    if (weight != nullptr) {
      low[j] *= inverse * to_float(weight[i]);
      high[j] *= inverse * to_float(weight[half + i]);
    }
    out[i] = from_float<T>(low[j] * cos[i] - high[j] * sin[i]);
    out[half + i] = from_float<T>(high[j] * cos[i] + low[j] * sin[i]);
  }
}

template <class T>
__global__ void __launch_bounds__(32 * kWarps) prepare(const Args a) {
  const PrepareRows& p = a.p;
  const int64_t row = blockIdx.x;
  const int32_t position = p.positions[row];
  if (position < 0) return;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, n = p.geometry.head_dim;
  const int heads = p.num_heads, kv_heads = p.geometry.kv_heads;
  const T* first = static_cast<const T*>(p.qkv) + row * (heads + 2 * kv_heads) * n;
  const float* cos = p.rope_cos + static_cast<int64_t>(position) * (n / 2);
  const float* sin = p.rope_sin + static_cast<int64_t>(position) * (n / 2);
  const int32_t slot = p.slots[row], page_tokens = p.geometry.page_tokens;
  char* place = a.layer + slot / page_tokens * a.page_bytes + slot % page_tokens * a.row_stride;
  for (int h = warp; h < heads + 2 * kv_heads; h += kWarps) {
    const T* x = first + h * n;
    if (h < heads) {
      T* out = static_cast<T*>(p.q) + (row * heads + h) * n;
      norm_and_rotate(x, static_cast<const T*>(p.q_norm), p.norm_epsilon, cos, sin, n, lane, out);
    } else if (h < heads + kv_heads) {
      T* out = reinterpret_cast<T*>(place + (h - heads) * a.head_bytes);
      norm_and_rotate(x, static_cast<const T*>(p.k_norm), p.norm_epsilon, cos, sin, n, lane, out);
      if (char* also = also_place(a, row, h - heads))
        norm_and_rotate(x, static_cast<const T*>(p.k_norm), p.norm_epsilon, cos, sin, n, lane, reinterpret_cast<T*>(also));
    } else {
      T* out = reinterpret_cast<T*>(place + (h - heads - kv_heads) * a.head_bytes + a.value_offset);
      auto* also = reinterpret_cast<T*>(also_place(a, row, h - heads - kv_heads));
      for (int i = lane; i < n; i += 32) out[i] = x[i];
      if (also != nullptr)
        for (int i = lane; i < n; i += 32) also[i + a.value_offset / static_cast<int64_t>(sizeof(T))] = x[i];
    }
  }
}

}  // namespace

void prepare_rows(const PrepareRows& p, cudaStream_t stream) {
  const PoolGeometry& g = p.geometry;
  if (g.head_dim % 16 != 0 || g.head_dim > 64 * kMostPairs)
    throw std::invalid_argument("head_dim is " + std::to_string(g.head_dim) + "; it must be a multiple of 16, at most 256");
  if (p.rows == 0) return;
  const Args a{p,
               static_cast<char*>(p.pool) + p.layer * g.layer_bytes(),
               static_cast<char*>(p.also),
               g.page_bytes(),
               g.value_offset(),
               g.head_bytes(),
               g.row_stride()};
  const auto blocks = static_cast<unsigned>(p.rows);
  if (p.element == Element::kF16) prepare<__half><<<blocks, 32 * kWarps, 0, stream>>>(a);
  else prepare<__nv_bfloat16><<<blocks, 32 * kWarps, 0, stream>>>(a);
  check_launch("prepare_rows");
}

}  // namespace cuda
}  // namespace contexture
