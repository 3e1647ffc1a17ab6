// The project's own prefill kernel, for every head dimension.
//
// Idea: four warps with sixteen rows each share what they read of keys and values in shared memory; causality is a matter of
// which tiles a warp has to look at, and of a mask in the last ones (FlashAttention-2, arXiv 2307.08691, in its simplest
// form). Trade-off: no warp specialisation and no wgmma, and a block has rows of one query head only, so keys and
// values are read once per query head.
#include "cuda/layer_rows.h"
#include "cuda/prefill_kernels.h"
#include "cuda/row_softmax.cuh"
#include "cuda/tensor_core.cuh"

namespace contexture {
namespace cuda {
namespace {

constexpr int kBlockRows = 64, kWarps = kBlockRows / 16;
constexpr int kBlocksPerTile = kPrefillTileRows / kBlockRows;
constexpr int kKeys = 32;  // that are copied at once
constexpr float kLog2E = 1.44269504f;

template <int kDim>
struct Shared {
  static constexpr int kStages = kDim > 128 ? 2 : 3;
  static constexpr int kPitch = softmax_pitch(kDim);
  static constexpr int kStageBytes = 2 * kKeys * kPitch;  // keys, then values
  static constexpr int kBytes = kStages * kStageBytes;
};

struct Args {
  LayerRows rows;
  int32_t num_heads, group;
  float scale;  // for powers of two
  const PrefillTile* tiles;
  const int32_t* pages;
  const void* q;
  void* out;
};

template <int kDim>
__device__ __forceinline__ void copy_keys(const Args& a, const char* head, const int32_t* pages, int32_t begin, int32_t end,
                                          char* stage) {
  constexpr int kChunks = kDim / 8;  // of a row, 16 bytes each
  for (int c = threadIdx.x; c < kKeys * kChunks; c += 32 * kWarps) {
    const int key = c / kChunks, chunk = c % kChunks;
    const int32_t index = begin + key, token = index & ((1 << a.rows.page_shift) - 1);
    const bool valid = index < end;
    const int64_t row = valid ? pages[index >> a.rows.page_shift] * a.rows.page_bytes + token * a.rows.row_stride : 0;
    const char* source = head + row + 16 * chunk;
    char* target = stage + key * Shared<kDim>::kPitch + 16 * chunk;
    copy_16_async(target, source, valid);
    copy_16_async(target + kKeys * Shared<kDim>::kPitch, source + a.rows.value_offset, valid);
  }
}

template <class T, int kDim>
__global__ void __launch_bounds__(32 * kWarps) prefill(const Args a) {
  using S = Shared<kDim>;
  extern __shared__ __align__(16) char shared[];
  PrefillTile tile = a.tiles[blockIdx.x / kBlocksPerTile];
  const auto skipped = static_cast<int32_t>(blockIdx.x % kBlocksPerTile) * kBlockRows;
  if (skipped >= tile.rows) return;
  tile.first_row += skipped, tile.position += skipped, tile.rows = min(kBlockRows, tile.rows - skipped);
  const int head = blockIdx.y, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const char* keys = a.rows.keys + head / a.group * a.rows.head_bytes;
  const int32_t* pages = a.pages + tile.page_offset;
  const int32_t end = tile.position + tile.rows;
  // Rows of this lane: lane / 4 and lane / 4 + 8 of the warp's.
  const int32_t row = 16 * warp + lane / 4;

  uint32_t q[kDim / 16][4];
#pragma unroll
  for (int k = 0; k < kDim / 16; ++k)
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int32_t r = row + i % 2 * 8, column = 16 * k + 2 * (lane % 4) + i / 2 * 8;
      const T* x = static_cast<const T*>(a.q) + (static_cast<int64_t>(tile.first_row + r) * a.num_heads + head) * kDim;
      q[k][i] = r < tile.rows ? *reinterpret_cast<const uint32_t*>(x + column) : 0;
    }
  RowSoftmax<T, kDim> softmax;
  const int32_t last_of_warp = tile.position + 16 * warp + 15;
  int32_t asked = 0;
  const auto ask = [&](int stage) {
    if (asked < end) copy_keys<kDim>(a, keys, pages, asked, end, shared + stage * S::kStageBytes);
    asked += kKeys;
    commit_copies();
  };
#pragma unroll
  for (int stage = 0; stage < S::kStages - 1; ++stage) ask(stage);
  int stage = 0;
  for (int32_t begin = 0; begin < end; begin += kKeys) {
    await_copies<S::kStages - 2>();
    __syncthreads();  // the copies of all threads are there, and the stage before was read by all
    ask(stage == 0 ? S::kStages - 1 : stage - 1);
    const char* part = shared + stage * S::kStageBytes;
#pragma unroll
    for (int half = 0; half < kKeys / kSoftmaxTile; ++half) {
      const int32_t first = begin + half * kSoftmaxTile;
      if (first > last_of_warp) continue;
      const char* here = part + half * kSoftmaxTile * S::kPitch;
      softmax.add(q, here, here + kKeys * S::kPitch, a.scale, lane, [&](int column, int of) {
        return first + column <= tile.position + row + 8 * of && first + column < end;
      });
    }
    stage = stage + 1 == S::kStages ? 0 : stage + 1;
  }
  await_copies<0>();
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int32_t r = row + 8 * half;
    const float sum = quad_sum(softmax.sum[half]), factor = sum > 0 ? 1.0f / sum : 0.0f;
    if (r >= tile.rows) continue;
    T* out =
        static_cast<T*>(a.out) + (static_cast<int64_t>(tile.first_row + r) * a.num_heads + head) * kDim + 2 * (lane % 4);
#pragma unroll
    for (int d = 0; d < kDim / 8; ++d)
      *reinterpret_cast<uint32_t*>(out + 8 * d) =
          pack<T>(softmax.out[d][2 * half] * factor, softmax.out[d][2 * half + 1] * factor);
  }
}

template <class T, int kDim>
void launch(const PrefillAttention& p, const Args& a, cudaStream_t stream) {
  static const cudaError_t room =
      cudaFuncSetAttribute(prefill<T, kDim>, cudaFuncAttributeMaxDynamicSharedMemorySize, Shared<kDim>::kBytes);
  check(room, "prefill attention's shared memory");
  const dim3 grid(static_cast<unsigned>(p.tile_count * kBlocksPerTile), static_cast<unsigned>(p.num_heads));
  prefill<T, kDim><<<grid, 32 * kWarps, Shared<kDim>::kBytes, stream>>>(a);
  check_launch("prefill");
}

template <class T>
void launch(const PrefillAttention& p, const Args& a, cudaStream_t stream) {
  with_head_dim(p.geometry.head_dim, [&](auto dim) { launch<T, dim()>(p, a, stream); });
}

}  // namespace

void tiled_prefill(const PrefillAttention& p, cudaStream_t stream) {
  const PoolGeometry& g = p.geometry;
  Args a{LayerRows(g, p.pool, p.layer)};
  a.num_heads = p.num_heads, a.group = p.num_heads / g.kv_heads, a.scale = p.scale * kLog2E;
  a.tiles = p.tiles, a.pages = p.pages, a.q = p.q, a.out = p.out;
  if (p.element == Element::kF16) launch<__half>(p, a, stream);
  else launch<__nv_bfloat16>(p, a, stream);
}

}  // namespace cuda
}  // namespace contexture
