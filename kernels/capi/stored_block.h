// Stored blocks of a pool behind the C interface, and the retrieval head's keys that go with them: checks of what was asked for.
#pragma once

#include <cstdint>

#include "contexture/block_codec.h"
#include "contexture/retrieval.h"

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
int64_t checked_block_bytes(const PoolGeometry& pool, int32_t format, int32_t layers, int32_t tokens);
// The place of a request that fits the pool and has so many bytes.
BlockPlace checked_place(const PoolGeometry& pool, const BlockRequest& request, const void* bytes, int64_t byte_count);

// Keys of the positions [first, first + tokens) of a sequence on these pages, as bytes, wherever in a page they lie:
// [token][list] of the key's row_dim / 2 bytes of values, as the pool for CPUs interleaves them, and its scale f32. Reading and
// writing them is exact, but for a scale that is no finite number of at least 0, which is written as 0.
struct KeyRequest {
  int32_t page_count;
  const int32_t* pages;  // [page_count]
  int32_t first, tokens;
};

int64_t checked_key_bytes(const RetrievalGeometry& pool, int32_t tokens);
void check_keys(const RetrievalGeometry& pool, const KeyRequest& request, const void* bytes, int64_t byte_count);

}  // namespace contexture
