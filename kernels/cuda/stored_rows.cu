#include "cuda/stored_rows.h"

#include <stdexcept>
#include <string>

#include "cuda/retrieval_work.cuh"

namespace contexture {
namespace cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kInFlight = 4;  // of 16 bytes, per thread
constexpr uint32_t kNoValues = 0x11111111u * kKeyZero;

__device__ __forceinline__ int32_t page_of(const BlockPages& block, int32_t token, int32_t page_tokens, int32_t& in_page) {
  const int32_t position = block.first + token;
  in_page = position % page_tokens;
  return block.pages[position / page_tokens];
}

struct RowStrides {
  int64_t page_bytes, value_offset, head_bytes, row_stride, row_bytes;
};

// A block of threads for a share of one layer's keys or values.
template <bool kGather>
__global__ void __launch_bounds__(kThreads) move_rows(const StoredRows a, const RowStrides s) {
  const int32_t part = blockIdx.x, chunks = static_cast<int32_t>(s.row_bytes / 16), all = a.block.tokens * chunks;
  char* rows = a.layers[part / 2] + a.kv_head * s.head_bytes + (part % 2) * s.value_offset;
  auto* staged = reinterpret_cast<uint4*>(a.staged) + static_cast<int64_t>(part) * all;
  const auto in_pool = [&](int32_t i) {
    int32_t slot;
    const int64_t page = page_of(a.block, i / chunks, a.geometry.page_tokens, slot);
    return reinterpret_cast<uint4*>(rows + page * s.page_bytes + slot * s.row_stride) + i % chunks;
  };
  const int32_t begin = blockIdx.y * kInFlight * kThreads + threadIdx.x;
  uint4 bytes[kInFlight];
#pragma unroll
  for (int j = 0; j < kInFlight; ++j) {
    const int32_t i = begin + j * kThreads;
    if (i < all) bytes[j] = __ldcs(kGather ? in_pool(i) : staged + i);
  }
#pragma unroll
  for (int j = 0; j < kInFlight; ++j) {
    const int32_t i = begin + j * kThreads;
    if (i < all) *(kGather ? staged + i : in_pool(i)) = bytes[j];
  }
}

template <bool kGather>
void launch_rows(const StoredRows& a, cudaStream_t stream) {
  const PoolGeometry& g = a.geometry;
  if (a.layer_count < 1 || a.layer_count > kMostMovedLayers)
    throw std::invalid_argument("a launch moves rows of 1 to " + std::to_string(kMostMovedLayers) + " layers but not of " +
                                std::to_string(a.layer_count));
  const auto chunks = static_cast<unsigned>(a.block.tokens * (g.row_bytes() / 16));
  const dim3 grid(static_cast<unsigned>(2 * a.layer_count), (chunks + kInFlight * kThreads - 1) / (kInFlight * kThreads));
  move_rows<kGather><<<grid, kThreads, 0, stream>>>(
      a, {g.page_bytes(), g.value_offset(), g.head_bytes(), g.row_stride(), g.row_bytes()});
  check_launch("move_rows");
}

struct KeyStrides {
  int64_t page_bytes, list_bytes, scales_offset;
  int32_t lists, pool_words, stored_words;
};

// A block of threads per token.
template <bool kGather>
__global__ void __launch_bounds__(kThreads) move_keys(const StoredKeys a, const KeyStrides s) {
  const int32_t token = blockIdx.x, words = (kGather ? s.stored_words : s.pool_words) + 1;  // with the scale
  int32_t slot;
  const int64_t page = page_of(a.block, token, a.geometry.page_tokens, slot);
  for (int32_t i = threadIdx.x; i < s.lists * words; i += kThreads) {
    const int32_t list = i / words, w = i % words;
    char* part = a.pool + page * s.page_bytes + list * s.list_bytes;
    auto* values = reinterpret_cast<uint32_t*>(part) + static_cast<int64_t>(slot) * s.pool_words;
    auto* scale = reinterpret_cast<uint32_t*>(part + s.scales_offset) + slot;
    uint32_t* staged = a.staged + (static_cast<int64_t>(token) * s.lists + list) * (s.stored_words + 1);
    if (kGather) {
      staged[w] = w == s.stored_words ? *scale : stored_word(values[w]);
    } else if (w == s.pool_words) {
      const float number = __uint_as_float(staged[s.stored_words]);
      *scale = number >= 0 && number <= 3.402823466e38f ? __float_as_uint(number) : 0;
    } else {
      values[w] = w < s.stored_words ? pool_word(staged[w]) : kNoValues;
    }
  }
}

template <bool kGather>
void launch_keys(const StoredKeys& a, cudaStream_t stream) {
  const DeviceKeyGeometry& g = a.geometry;
  check_geometry(g);
  move_keys<kGather><<<static_cast<unsigned>(a.block.tokens), kThreads, 0, stream>>>(
      a, {g.page_bytes(), g.list_bytes(), g.scales_offset(), g.lists(), g.row_dim() / 8, a.stored_row_dim / 8});
  check_launch("move_keys");
}

}  // namespace

void gather_stored_rows(const StoredRows& args, cudaStream_t stream) { launch_rows<true>(args, stream); }
void scatter_stored_rows(const StoredRows& args, cudaStream_t stream) { launch_rows<false>(args, stream); }
void gather_stored_keys(const StoredKeys& args, cudaStream_t stream) { launch_keys<true>(args, stream); }
void scatter_stored_keys(const StoredKeys& args, cudaStream_t stream) { launch_keys<false>(args, stream); }

}  // namespace cuda
}  // namespace contexture
