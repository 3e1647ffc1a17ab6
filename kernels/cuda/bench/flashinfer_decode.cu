#include "cuda/bench/flashinfer_decode.h"

#include <flashinfer/attention/decode.cuh>
#include <flashinfer/attention/default_decode_params.cuh>
#include <flashinfer/attention/variants.cuh>

#include <algorithm>

#include "cuda/layer_rows.h"

namespace contexture {
namespace cuda {
namespace {

using Params = flashinfer::BatchDecodeParams<__half, __half, __half, int32_t>;

// As the library launches it for this head dimension and group.
constexpr uint32_t kStages = 2, kKeys = 1, kLaneValues = 8, kLanes = kFlashInferHeadDim / kLaneValues,
                   kWarpGroups = 128 / (kLanes * kFlashInferGroup);
constexpr auto kKernel =
    flashinfer::BatchDecodeWithPagedKVCacheKernel<flashinfer::PosEncodingMode::kNone, kStages, kKeys, kLaneValues, kLanes,
                                                  kFlashInferGroup, kWarpGroups,
                                                  flashinfer::DefaultAttention<false, false, false, false>, Params>;
constexpr int kThreads = kLanes * kFlashInferGroup * kWarpGroups;
constexpr size_t kSharedBytes =
    2 * kStages * kKeys * kFlashInferGroup * kWarpGroups * kFlashInferHeadDim * sizeof(__half) + kThreads * sizeof(void*);

}  // namespace

FlashInferDecode::Plan FlashInferDecode::plan(const PoolGeometry& g, int32_t sequences, int32_t context,
                                              int32_t multiprocessors) {
  int blocks = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kKernel, kThreads, kSharedBytes), "FlashInfer's occupancy");
  const int32_t pages = (context + g.page_tokens - 1) / g.page_tokens;
  const int32_t most_chunks = std::max(1, blocks * multiprocessors / (g.kv_heads * sequences));
  const int32_t chunk_pages = std::max((pages + most_chunks - 1) / most_chunks, std::max(1, 128 / g.page_tokens));
  Plan plan;
  plan.chunk_tokens = chunk_pages * g.page_tokens;
  plan.outputs.push_back(0), plan.page_offsets.push_back(0);
  for (int32_t sequence = 0; sequence < sequences; ++sequence) {
    for (int32_t chunk = 0; chunk * chunk_pages < pages; ++chunk)
      plan.requests.push_back(sequence), plan.chunks.push_back(chunk);
    plan.outputs.push_back(static_cast<int32_t>(plan.requests.size()));
    plan.page_offsets.push_back((sequence + 1) * pages);
    plan.last_page_tokens.push_back(context - (pages - 1) * g.page_tokens);
  }
  return plan;
}

FlashInferDecode::FlashInferDecode(const PoolGeometry& g, int32_t sequences, int32_t context, int32_t multiprocessors)
    : FlashInferDecode(g, plan(g, sequences, context, multiprocessors)) {}

FlashInferDecode::FlashInferDecode(const PoolGeometry& g, const Plan& plan)
    : sequences_(static_cast<int32_t>(plan.last_page_tokens.size())),
      blocks_(static_cast<int32_t>(plan.requests.size())),
      requests_(plan.requests),
      chunks_(plan.chunks),
      outputs_(plan.outputs),
      page_offsets_(plan.page_offsets),
      last_page_tokens_(plan.last_page_tokens),
      chunk_tokens_(std::vector<int32_t>{plan.chunk_tokens}),
      partial_(blocks_ > sequences_ ? static_cast<size_t>(blocks_) * g.kv_heads * kFlashInferGroup * kFlashInferHeadDim : 0),
      partial_sums_(blocks_ > sequences_ ? static_cast<size_t>(blocks_) * g.kv_heads * kFlashInferGroup : 0) {}

void FlashInferDecode::run(const DecodeAttention& d, cudaStream_t stream) {
  const PoolGeometry& g = d.geometry;
  const LayerRows rows(g, d.pool, d.layer);
  const int64_t strides[] = {g.page_bytes() / 2, g.head_bytes() / 2, g.row_stride() / 2};
  auto* keys = const_cast<__half*>(reinterpret_cast<const __half*>(rows.keys));
  const flashinfer::paged_kv_t<__half, int32_t> paged(
      static_cast<uint32_t>(g.kv_heads), static_cast<uint32_t>(g.page_tokens), kFlashInferHeadDim,
      static_cast<uint32_t>(sequences_), flashinfer::QKVLayout::kHND, keys, keys + g.value_offset() / 2, strides,
      const_cast<int32_t*>(d.tables.pages), page_offsets_.data(), last_page_tokens_.data());
  auto* out = static_cast<__half*>(d.out);
  Params p(static_cast<__half*>(const_cast<void*>(d.q)), nullptr, paged, out, nullptr, nullptr,
           static_cast<uint32_t>(d.num_heads), d.num_heads * kFlashInferHeadDim, kFlashInferHeadDim, -1, 0.0f, d.scale, 1.0f,
           1.0f);
  p.padded_batch_size = static_cast<uint32_t>(blocks_);
  p.request_indices = requests_.data(), p.kv_tile_indices = chunks_.data(), p.o_indptr = outputs_.data();
  p.kv_chunk_size_ptr = chunk_tokens_.data();
  p.partition_kv = blocks_ > sequences_;
  auto* partial = reinterpret_cast<__half*>(partial_.data());
  if (p.partition_kv) p.o = partial, p.lse = partial_sums_.data();
  const dim3 grid(static_cast<uint32_t>(blocks_), static_cast<uint32_t>(g.kv_heads));
  kKernel<<<grid, dim3(kLanes, kFlashInferGroup, kWarpGroups), kSharedBytes, stream>>>(p);
  check_launch("FlashInfer's decode");
  if (p.partition_kv)
    check(flashinfer::VariableLengthMergeStates(partial, partial_sums_.data(), outputs_.data(), out,
                                                static_cast<float*>(nullptr), static_cast<uint32_t>(sequences_),
                                                static_cast<uint32_t*>(nullptr), static_cast<uint32_t>(d.num_heads),
                                                kFlashInferHeadDim, false, stream),
          "FlashInfer's merge");
}

}  // namespace cuda
}  // namespace contexture
