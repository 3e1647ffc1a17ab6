// Stored blocks of a pool behind the C interface: checks, then the codec.
#pragma once

#include <cstdint>

#include "capi/kv_pool.h"
#include "contexture/block_codec.h"

namespace contexture {

// As it comes from outside.
struct BlockRequest {
  int32_t format;
  int32_t layer_count;
  const int32_t* layers;  // [layer_count]
  int32_t kv_head;
  int32_t page_count;
  const int32_t* pages;  // [page_count]
  int32_t first, tokens;
};

// All throw InvalidArgument.
int64_t checked_block_bytes(const KvPool& pool, int32_t format, int32_t layers, int32_t tokens);
void encode_stored_block(KvPool& pool, const BlockRequest& request, void* bytes, int64_t byte_count);
void decode_stored_block(KvPool& pool, const BlockRequest& request, const void* bytes, int64_t byte_count);

}  // namespace contexture
