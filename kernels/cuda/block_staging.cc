#include "cuda/block_staging.h"

#include <algorithm>
#include <numeric>

#include "cuda/stored_rows.h"

namespace contexture {
namespace cuda {
namespace {

// The staged rows as a pool of their own, with one page and one KV head: [layers][K|V][tokens][row_dim].
struct StagedPool {
  explicit StagedPool(const BlockPlace& place) : layers(static_cast<size_t>(place.layer_count)) {
    std::iota(layers.begin(), layers.end(), 0);
    geometry = place.geometry;
    geometry.layers = place.layer_count, geometry.kv_heads = 1, geometry.page_tokens = place.tokens, geometry.pages = 1;
    geometry.layout = KvLayout::kPlanes;
  }
  BlockPlace place() const { return {geometry, layers.data(), geometry.layers, 0, &page, 0, geometry.page_tokens}; }

  PoolGeometry geometry;
  std::vector<int32_t> layers;
  int32_t page = 0;
};

// move(rows of some layers), as many layers at a time as a launch takes.
template <class Move>
void for_launches(const BlockPlace& p, const std::vector<char*>& layers, const StagedPool& staged, char* memory,
                  const Move& move) {
  const BlockPages block(p.pages, p.first, p.tokens, p.geometry.page_tokens);
  for (int32_t first = 0; first < p.layer_count; first += kMostMovedLayers) {
    StoredRows rows{p.geometry, block, p.kv_head, std::min(kMostMovedLayers, p.layer_count - first)};
    std::copy_n(layers.begin() + first, rows.layer_count, rows.layers);
    rows.staged = memory + first * staged.geometry.layer_bytes();
    move(rows);
  }
}

}  // namespace

void BlockStaging::encode(const BlockPlace& place, const std::vector<char*>& layers, BlockFormat format, void* bytes,
                          cudaStream_t stream) {
  const StagedPool staged(place);
  auto* memory = static_cast<char*>(memory_.at_least(static_cast<size_t>(staged.geometry.pool_bytes())));
  for_launches(place, layers, staged, memory, [&](const StoredRows& rows) { gather_stored_rows(rows, stream); });
  check(cudaStreamSynchronize(stream), "reading a block's rows");
  encode_block(staged.place(), format, memory, bytes, active_isa());
}

void BlockStaging::decode(const BlockPlace& place, const std::vector<char*>& layers, BlockFormat format, const void* bytes,
                          cudaStream_t stream) {
  const StagedPool staged(place);
  auto* memory = static_cast<char*>(memory_.at_least(static_cast<size_t>(staged.geometry.pool_bytes())));
  decode_block(staged.place(), format, bytes, memory, active_isa());
  for_launches(place, layers, staged, memory, [&](const StoredRows& rows) { scatter_stored_rows(rows, stream); });
  check(cudaStreamSynchronize(stream), "writing a block's rows");
}

}  // namespace cuda
}  // namespace contexture
