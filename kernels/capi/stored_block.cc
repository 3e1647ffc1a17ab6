#include "capi/stored_block.h"

#include "capi/checks.h"

namespace contexture {
namespace {

constexpr int32_t kFormats = 4;

// what: "block has", "keys are of"
void check_positions(const char* what, int32_t first, int32_t tokens, int32_t page_count, const int32_t* pages,
                     int32_t pool_pages, int32_t page_tokens) {
  check_count("page_count", page_count, kMaxPages);
  for (int32_t i = 0; i < page_count; ++i) check_index({"pages[", i, "]"}, pages[i], pool_pages);
  const int64_t room = static_cast<int64_t>(page_count) * page_tokens, end = static_cast<int64_t>(first) + tokens;
  if (first < 0 || end > room)
    throw InvalidArgument("the " + std::string(what) + " the positions " + text(first) + " to " + text(end) +
                          "; the pages hold those below " + text(room));
}

}  // namespace

int64_t checked_block_bytes(const PoolGeometry& g, int32_t format, int32_t layers, int32_t tokens) {
  if (g.dtype != KvDtype::kF16)
    throw InvalidArgument(std::string("the pool is of ") + (g.dtype == KvDtype::kF32 ? "f32" : "bf16") +
                          ", whose blocks are not stored: every format would round them; of f16 they are");
  check_index("format", format, kFormats);
  check_count("layer_count", layers, g.layers);
  check_count("tokens", tokens, kMaxBlockTokens);
  return block_bytes(g, static_cast<BlockFormat>(format), layers, tokens);
}

BlockPlace checked_place(const PoolGeometry& g, const BlockRequest& r, const void* bytes, int64_t byte_count) {
  const int64_t wanted = checked_block_bytes(g, r.format, r.layer_count, r.tokens);
  if (r.layers == nullptr || r.pages == nullptr || bytes == nullptr)
    throw InvalidArgument("a table or the bytes of the block are null");
  for (int32_t i = 0; i < r.layer_count; ++i) check_index({"layers[", i, "]"}, r.layers[i], g.layers);
  check_index("kv_head", r.kv_head, g.kv_heads);
  check_positions("block has", r.first, r.tokens, r.page_count, r.pages, g.pages, g.page_tokens);
  if (byte_count != wanted)
    throw InvalidArgument("the block has " + text(byte_count) + " bytes; it must have " + text(wanted));
  if (reinterpret_cast<uintptr_t>(bytes) % 2 != 0)
    throw InvalidArgument("the block's bytes lie at an odd address; they hold numbers of two bytes");
  return {g, r.layers, r.layer_count, r.kv_head, r.pages, r.first, r.tokens};
}

int64_t checked_key_bytes(const RetrievalGeometry& g, int32_t tokens) {
  check_count("tokens", tokens, kMaxBlockTokens);
  return static_cast<int64_t>(tokens) * g.lists() * (g.row_dim() / 2 + static_cast<int64_t>(sizeof(float)));
}

void check_keys(const RetrievalGeometry& g, const KeyRequest& r, const void* bytes, int64_t byte_count) {
  const int64_t wanted = checked_key_bytes(g, r.tokens);
  if (r.pages == nullptr || bytes == nullptr) throw InvalidArgument("the pages or the bytes of the keys are null");
  check_positions("keys are of", r.first, r.tokens, r.page_count, r.pages, g.pages, g.page_tokens);
  if (byte_count != wanted)
    throw InvalidArgument("the keys have " + text(byte_count) + " bytes; they must have " + text(wanted));
}

}  // namespace contexture
