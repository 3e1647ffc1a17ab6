#include "capi/stored_block.h"

#include "capi/checks.h"

namespace contexture {
namespace {

constexpr int32_t kFormats = 4;

// The place of a request that fits the pool and has so many bytes.
BlockPlace checked(const KvPool& pool, const BlockRequest& r, const void* bytes, int64_t byte_count) {
  const int64_t wanted = checked_block_bytes(pool, r.format, r.layer_count, r.tokens);
  const PoolGeometry& g = pool.geometry();
  if (r.layers == nullptr || r.pages == nullptr || bytes == nullptr)
    throw InvalidArgument("a table or the bytes of the block are null");
  for (int32_t i = 0; i < r.layer_count; ++i) check_index({"layers[", i, "]"}, r.layers[i], g.layers);
  check_index("kv_head", r.kv_head, g.kv_heads);
  check_count("page_count", r.page_count, kMaxPages);
  for (int32_t i = 0; i < r.page_count; ++i) check_index({"pages[", i, "]"}, r.pages[i], g.pages);
  const int64_t room = static_cast<int64_t>(r.page_count) * g.page_tokens;
  if (r.first < 0 || r.first + static_cast<int64_t>(r.tokens) > room)
    throw InvalidArgument("the block has the positions " + text(r.first) + " to " +
                          text(static_cast<int64_t>(r.first) + r.tokens) + "; the pages hold those below " + text(room));
  if (byte_count != wanted)
    throw InvalidArgument("the block has " + text(byte_count) + " bytes; it must have " + text(wanted));
  if (reinterpret_cast<uintptr_t>(bytes) % 2 != 0)
    throw InvalidArgument("the block's bytes lie at an odd address; they hold numbers of two bytes");
  return {g, r.layers, r.layer_count, r.kv_head, r.pages, r.first, r.tokens};
}

}  // namespace

int64_t checked_block_bytes(const KvPool& pool, int32_t format, int32_t layers, int32_t tokens) {
  if (pool.geometry().dtype != KvDtype::kF16)
    throw InvalidArgument("the pool is of f32, whose blocks are not stored: every format would round them");
  check_index("format", format, kFormats);
  check_count("layer_count", layers, pool.geometry().layers);
  check_count("tokens", tokens, kMaxBlockTokens);
  return block_bytes(pool.geometry(), static_cast<BlockFormat>(format), layers, tokens);
}

void encode_stored_block(KvPool& pool, const BlockRequest& request, void* bytes, int64_t byte_count) {
  const BlockPlace place = checked(pool, request, bytes, byte_count);
  encode_block(place, static_cast<BlockFormat>(request.format), pool.data(), bytes, active_isa());
}

void decode_stored_block(KvPool& pool, const BlockRequest& request, const void* bytes, int64_t byte_count) {
  const BlockPlace place = checked(pool, request, bytes, byte_count);
  decode_block(place, static_cast<BlockFormat>(request.format), bytes, pool.data(), active_isa());
}

}  // namespace contexture
