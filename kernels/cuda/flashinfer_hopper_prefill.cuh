// FlashInfer's prefill kernel for Hopper devices (FlashAttention-3, arXiv 2407.08608, with keys and values gathered from
// pages) over our pool and our tiles.
//
// Idea: one warp group copies keys and values while two others multiply with wgmma. The kernel asks a scheduler for its
// tiles; ours gives each block the one that is its own, so nothing is planned. Trade-off: CUTLASS takes a minute to compile,
// so there is one shape, that of the models whose prompts take long, and each kind of numbers has a file of its own.
#pragma once

// These headers of tools want cuRAND, and nothing of them is used.
#define FLASHINFER_CUTLASS_UTILS_CUH_
#include <flashinfer/attention/hopper/default_params.cuh>
#include <flashinfer/attention/hopper/prefill_sm90.cuh>
#include <flashinfer/attention/hopper/variants.cuh>

#include "cuda/layer_rows.h"
#include "cuda/prefill_kernels.h"

namespace contexture {
namespace cuda {
namespace {

constexpr int kDim = 128, kKeys = 96, kStages = 2;  // keys and stages as the library has them for this head dimension

// A block per tile and query head.
struct OneTilePerBlock {
  struct Params {
    const PrefillTile* tiles;
    int32_t group;
  };
  struct WorkTileInfo {
    PrefillTile tile;
    int32_t head, kv_head;
    bool valid;

    __device__ bool is_valid(const OneTilePerBlock::Params&) const { return valid; }
    // In the library's order: tile of the request, query head, KV head, first row, first page, rows, keys, request.
    __device__ auto get_block_coord(const OneTilePerBlock::Params&) const {
      return cute::tuple{0, head, kv_head, tile.first_row, tile.page_offset, tile.rows, tile.position + tile.rows, 0};
    }
  };

  __device__ WorkTileInfo get_initial_work(const Params& p) const {
    const auto head = static_cast<int32_t>(blockIdx.x);
    return {p.tiles[blockIdx.y], head, head / p.group, true};
  }
  template <bool kProducer>
  __device__ WorkTileInfo get_next_work(const Params&, WorkTileInfo last) const {
    last.valid = false;
    return last;
  }
  __device__ void init_consumer() const {}
  __device__ void prefetch_next_work(const Params&, const WorkTileInfo&) const {}
  __device__ void broadcast_next_work(const WorkTileInfo&) const {}
};

template <class T>
void launch_hopper_prefill(const PrefillAttention& p, cudaStream_t stream) {
  using Params = flashinfer::BatchPrefillPagedParams<T, T, T, int32_t>;
  using Traits = flashinfer::AttentionKernelTraits<false, kDim, kDim, kPrefillTileRows, kKeys, kStages, T, T, T, int32_t,
                                                   flashinfer::StandardAttention>;
  using Mainloop = flashinfer::SparseCollectiveMainloop<typename Params::AdditionalParams, Traits, true>;
  using Epilogue = flashinfer::CollectiveEpilogue<Traits>;
  const PoolGeometry& g = p.geometry;
  const LayerRows rows(g, p.pool, p.layer);
  const auto elements = [](int64_t bytes) { return bytes / static_cast<int64_t>(sizeof(T)); };
  const int64_t page = elements(g.page_bytes());
  const auto* keys = reinterpret_cast<const T*>(rows.keys);
  // The number of rows of keys is in the page tables.
  const auto key_layout =
      flashinfer::get_gmem_layout(0, g.kv_heads, kDim, elements(g.row_stride()), elements(g.head_bytes()));
  const auto step_layout = flashinfer::get_gmem_layout(p.rows, p.num_heads, kDim, int64_t{p.num_heads} * kDim, kDim);
  typename Params::AdditionalParams scale{};
  scale.sm_scale = p.scale;
  const typename Mainloop::Params mainloop = Mainloop::to_underlying_arguments(
      {static_cast<const T*>(p.q), step_layout, keys, key_layout, keys + elements(g.value_offset()), key_layout, p.pages,
       -1, page, page, static_cast<uint32_t>(g.page_tokens), scale});
  const typename Epilogue::Params epilogue = Epilogue::to_underlying_arguments(
      {static_cast<T*>(p.out), step_layout, nullptr, flashinfer::get_lse_gmem_layout(p.rows, p.num_heads)});
  constexpr auto kernel = flashinfer::PrefillWithKVCacheKernel<Mainloop, Epilogue, Traits, false, true, OneTilePerBlock>;
  constexpr size_t kSharedBytes = sizeof(typename Traits::SharedStorage);
  static const cudaError_t room = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kSharedBytes);
  check(room, "prefill attention's shared memory");
  const dim3 grid(static_cast<uint32_t>(p.num_heads), static_cast<uint32_t>(p.tile_count));
  kernel<<<grid, Traits::NUM_THREADS, kSharedBytes, stream>>>(mainloop, epilogue,
                                                              OneTilePerBlock::Params{p.tiles, p.num_heads / g.kv_heads});
  check_launch("FlashInfer's prefill for Hopper");
}

}  // namespace
}  // namespace cuda
}  // namespace contexture
