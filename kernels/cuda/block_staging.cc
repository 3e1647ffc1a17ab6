#include "cuda/block_staging.h"

#include <algorithm>
#include <numeric>

#include "cuda/stored_rows.h"

namespace contexture {
namespace cuda {
namespace {

// Staged rows as a pool of their own, with one page and one KV head: [layers][K|V][tokens][row_dim].
PoolGeometry staged_pool(const PoolGeometry& pool, int32_t layers, int32_t tokens) {
  PoolGeometry staged = pool;
  staged.layers = layers, staged.kv_heads = 1, staged.page_tokens = tokens, staged.pages = 1;
  staged.layout = KvLayout::kPlanes;
  return staged;
}

constexpr int32_t kOnlyPage = 0;

// move(rows of some layers of a KV head), as many layers at a time as a launch takes.
template <class Move>
void for_launches(const PoolGeometry& pool, const BlockPages& block, int32_t kv_head, const std::vector<char*>& layers,
                  int64_t staged_layer_bytes, char* memory, const Move& move) {
  const auto count = static_cast<int32_t>(layers.size());
  for (int32_t first = 0; first < count; first += kMostMovedLayers) {
    StoredRows rows{pool, block, kv_head, std::min(kMostMovedLayers, count - first)};
    std::copy_n(layers.begin() + first, rows.layer_count, rows.layers);
    rows.staged = memory + first * staged_layer_bytes;
    move(rows);
  }
}

}  // namespace

bool BlockStaging::has_read(const BlockPages& block) const {
  return read_tokens_ == block.tokens && read_pages_.first == block.first &&
         std::equal(std::begin(block.pages), std::end(block.pages), std::begin(read_pages_.pages));
}

void BlockStaging::read(const BlockPlace& place, const BlockPages& block, const std::vector<char*>& layers,
                        cudaStream_t stream) {
  forget();
  const PoolGeometry staged = staged_pool(place.geometry, place.geometry.layers, place.tokens);
  const int64_t head_bytes = staged.pool_bytes();
  auto* memory = static_cast<char*>(read_memory_.at_least(static_cast<size_t>(head_bytes * place.geometry.kv_heads)));
  for (int32_t head = 0; head < place.geometry.kv_heads; ++head)
    for_launches(place.geometry, block, head, layers, staged.layer_bytes(), memory + head * head_bytes,
                 [&](const StoredRows& rows) { gather_stored_rows(rows, stream); });
  check(cudaStreamSynchronize(stream), "reading a block's rows");
  read_pages_ = block;
  read_tokens_ = block.tokens;
}

void BlockStaging::encode(const BlockPlace& place, const std::vector<char*>& layers, BlockFormat format, void* bytes,
                          cudaStream_t stream) {
  const BlockPages block(place.pages, place.first, place.tokens, place.geometry.page_tokens);
  if (!has_read(block)) read(place, block, layers, stream);
  const PoolGeometry staged = staged_pool(place.geometry, place.geometry.layers, place.tokens);
  const auto* memory = static_cast<const char*>(read_memory_.at_least(0)) + place.kv_head * staged.pool_bytes();
  encode_block({staged, place.layers, place.layer_count, 0, &kOnlyPage, 0, place.tokens}, format, memory, bytes, active_isa());
}

void BlockStaging::decode(const BlockPlace& place, const std::vector<char*>& layers, BlockFormat format, const void* bytes,
                          cudaStream_t stream) {
  forget();
  const PoolGeometry staged = staged_pool(place.geometry, place.layer_count, place.tokens);
  const auto size = static_cast<size_t>(staged.pool_bytes());
  if (written_ + size > kDecodedBytes) {
    check(cudaStreamSynchronize(stream), "writing blocks' rows");
    written_ = 0;
  }
  auto* memory = static_cast<char*>(write_memory_.at_least(std::max(kDecodedBytes, size))) + written_;
  written_ += size;
  std::vector<int32_t> in_order(static_cast<size_t>(place.layer_count));
  std::iota(in_order.begin(), in_order.end(), 0);
  decode_block({staged, in_order.data(), place.layer_count, 0, &kOnlyPage, 0, place.tokens}, format, bytes, memory,
               active_isa());
  const BlockPages block(place.pages, place.first, place.tokens, place.geometry.page_tokens);
  for_launches(place.geometry, block, place.kv_head, layers, staged.layer_bytes(), memory,
               [&](const StoredRows& rows) { scatter_stored_rows(rows, stream); });
}

}  // namespace cuda
}  // namespace contexture
