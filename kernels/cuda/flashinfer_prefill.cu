// FlashInfer's prefill kernel (FA2 templates, arXiv 2501.01005) over our pool and our tiles.
//
// Idea: a tile is handed over as a request of its own, whose keys end with its last row. Then nothing has to be planned:
// what the library's scheduler would upload, each block knows from its index and its tile. Trade-off: keys are not split, so
// a step with a single short chunk leaves multiprocessors idle.
#include <flashinfer/attention/default_prefill_params.cuh>
#include <flashinfer/attention/prefill.cuh>

#include <stdexcept>
#include <string>

#include "cuda/layer_rows.h"
#include "cuda/prefill_kernels.h"

namespace contexture {
namespace cuda {
namespace {

// Query heads of a KV head are rows of the same products: a tile has `group` times as many of these as of the step's.
template <class T, int kDim>
struct Shape {
  static constexpr uint32_t kBlockRows = kDim > 128 ? 64 : 128;
  static constexpr uint32_t kKeys = 64;  // two blocks share an H100's multiprocessor
  using Variant = flashinfer::DefaultAttention<false, false, false, false>;
  using Params = flashinfer::BatchPrefillPagedParams<T, T, T, int32_t>;
  using Traits = flashinfer::KernelTraits<flashinfer::MaskMode::kCausal, kBlockRows, flashinfer::get_num_mma_q(kBlockRows),
                                          kKeys / 16, kDim / 16, kDim / 16, flashinfer::get_num_warps_q(kBlockRows),
                                          flashinfer::get_num_warps_kv(kBlockRows), flashinfer::PosEncodingMode::kNone, T, T,
                                          T, float, int32_t, Variant>;
  using Storage = typename Traits::SharedStoragePaged;
  static_assert(!Traits::IsInvalid() && kPrefillTileRows % kBlockRows == 0);
};

template <class S>
__global__ void __launch_bounds__(S::Traits::NUM_THREADS)
    prefill(const __grid_constant__ typename S::Params step, const PrefillTile* tiles, uint32_t blocks_per_tile) {
  extern __shared__ __align__(128) uint8_t shared[];
  const PrefillTile tile = tiles[blockIdx.x / blocks_per_tile];
  int32_t request = 0, part = static_cast<int32_t>(blockIdx.x % blocks_per_tile);
  if (part * S::kBlockRows >= tile.rows * static_cast<uint32_t>(step.group_size)) return;
  int32_t keys = tile.position + tile.rows;
  const int32_t page_tokens = static_cast<int32_t>(static_cast<uint32_t>(step.paged_kv.page_size));
  const int32_t pages = (keys + page_tokens - 1) / page_tokens;
  int32_t rows[] = {tile.first_row, tile.first_row + tile.rows};
  int32_t page_offsets[] = {tile.page_offset, tile.page_offset + pages};
  int32_t last_page_tokens = keys - (pages - 1) * page_tokens;
  // The tables of a step with one request; after inlining they are registers.
  typename S::Params params = step;
  params.request_indices = params.kv_tile_indices = &request;
  params.qo_tile_indices = &part;
  params.q_indptr = params.o_indptr = rows;
  params.kv_chunk_size_ptr = &keys;
  params.paged_kv.indptr = page_offsets, params.paged_kv.last_page_len = &last_page_tokens, params.paged_kv.batch_size = 1;
  flashinfer::BatchPrefillWithPagedKVCacheDevice<typename S::Traits, true>(
      params, reinterpret_cast<typename S::Storage&>(shared), threadIdx, 0, blockIdx.z, gridDim.z);
}

template <class T, int kDim>
void launch(const PrefillAttention& p, cudaStream_t stream) {
  using S = Shape<T, kDim>;
  const PoolGeometry& g = p.geometry;
  const LayerRows rows(g, p.pool, p.layer);
  const auto elements = [](int64_t bytes) { return bytes / static_cast<int64_t>(sizeof(T)); };
  const int64_t strides[] = {elements(g.page_bytes()), elements(g.head_bytes()), elements(g.row_stride())};
  // The library's structures have no pointers to constants.
  T* keys = const_cast<T*>(reinterpret_cast<const T*>(rows.keys));
  const flashinfer::paged_kv_t<T, int32_t> paged(
      static_cast<uint32_t>(g.kv_heads), static_cast<uint32_t>(g.page_tokens), kDim, 1, flashinfer::QKVLayout::kHND, keys,
      keys + elements(g.value_offset()), strides, const_cast<int32_t*>(p.pages), nullptr, nullptr);
  const typename S::Params params(static_cast<T*>(const_cast<void*>(p.q)), paged, nullptr, nullptr, nullptr, nullptr,
                                  static_cast<T*>(p.out), nullptr, nullptr, static_cast<uint32_t>(p.num_heads),
                                  p.num_heads * kDim, kDim, -1, 0.0f, p.scale, 1.0f, 1.0f);
  static const cudaError_t room =
      cudaFuncSetAttribute(prefill<S>, cudaFuncAttributeMaxDynamicSharedMemorySize, sizeof(typename S::Storage));
  check(room, "prefill attention's shared memory");
  const auto blocks_per_tile = static_cast<uint32_t>(p.num_heads / g.kv_heads) * (kPrefillTileRows / S::kBlockRows);
  const dim3 grid(static_cast<uint32_t>(p.tile_count) * blocks_per_tile, 1, static_cast<uint32_t>(g.kv_heads));
  const dim3 block(32, S::Traits::NUM_WARPS_Q, S::Traits::NUM_WARPS_KV);
  prefill<S><<<grid, block, sizeof(typename S::Storage), stream>>>(params, p.tiles, blocks_per_tile);
  check_launch("FlashInfer's prefill");
}

template <class T>
void launch(const PrefillAttention& p, cudaStream_t stream) {
  switch (p.geometry.head_dim) {
    case 64: return launch<T, 64>(p, stream);
    case 128: return launch<T, 128>(p, stream);
    case 256: return launch<T, 256>(p, stream);
    default: throw std::invalid_argument("FlashInfer's prefill has no head_dim of " + std::to_string(p.geometry.head_dim));
  }
}

}  // namespace

bool flashinfer_prefill_takes(const PrefillAttention& p) {
  const int32_t dim = p.geometry.head_dim;
  return dim == 64 || dim == 128 || dim == 256;
}

void flashinfer_prefill(const PrefillAttention& p, cudaStream_t stream) {
  if (p.element == Element::kF16) launch<__half>(p, stream);
  else launch<__nv_bfloat16>(p, stream);
}

}  // namespace cuda
}  // namespace contexture
