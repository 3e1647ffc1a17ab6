// What the C interfaces over pools in host memory and in a device's have in common.
#pragma once

#include <cstdint>
#include <memory>

#include "capi/guard.h"
#include "capi/stored_block.h"
#include "contexture/paged_kv.h"
#include "contexture/retrieval.h"

namespace contexture {

// An id, or 0.
template <class Pool>
int64_t create_pool(int32_t layers, int32_t kv_heads, int32_t head_dim, int32_t page_tokens, int32_t pages, int32_t dtype) {
  int64_t id = 0;
  guarded("ctx_pool_create", [&] {
    PoolGeometry geometry;
    geometry.layers = layers;
    geometry.kv_heads = kv_heads;
    geometry.head_dim = head_dim;
    geometry.page_tokens = page_tokens;
    geometry.pages = pages;
    geometry.dtype = static_cast<KvDtype>(dtype);
    id = Registry<Pool>::instance().add(std::make_shared<Pool>(geometry));
  });
  return id;
}

template <class Pool>
int32_t destroy_pool(int64_t pool) {
  return guarded("ctx_pool_destroy", [&] { Registry<Pool>::instance().remove(pool); });
}

// 0 for an unknown id.
template <class Pool>
int64_t pool_bytes(int64_t pool) {
  int64_t bytes = 0;
  guarded("ctx_pool_bytes", [&] { bytes = Registry<Pool>::instance().find(pool)->geometry().pool_bytes(); });
  return bytes;
}

// 0 for a block that there is not.
template <class Pool>
int64_t stored_block_bytes(int64_t pool, int32_t format, int32_t layer_count, int32_t tokens) {
  int64_t bytes = 0;
  on_pool<Pool>("ctx_block_bytes", pool,
                [&](Pool& kv) { bytes = checked_block_bytes(kv.geometry(), format, layer_count, tokens); });
  return bytes;
}

template <class Pool>
int32_t encode_stored_block(int64_t pool, const BlockRequest& request, void* bytes, int64_t byte_count) {
  return on_pool<Pool>("ctx_block_encode", pool, [&](Pool& kv) {
    kv.encode(checked_place(kv.geometry(), request, bytes, byte_count), static_cast<BlockFormat>(request.format), bytes);
  });
}

template <class Pool>
int32_t decode_stored_block(int64_t pool, const BlockRequest& request, const void* bytes, int64_t byte_count) {
  return on_pool<Pool>("ctx_block_decode", pool, [&](Pool& kv) {
    kv.decode(checked_place(kv.geometry(), request, bytes, byte_count), static_cast<BlockFormat>(request.format), bytes);
  });
}

// Of the retrieval head's keys; an id, or 0.
template <class Pool>
int64_t create_retrieval(const RetrievalGeometry& geometry, int32_t positions, const float* rope_cos,
                         const float* rope_sin) {
  int64_t id = 0;
  guarded("ctx_retrieval_create",
          [&] { id = Registry<Pool>::instance().add(std::make_shared<Pool>(geometry, positions, rope_cos, rope_sin)); });
  return id;
}

template <class Pool>
int32_t destroy_retrieval(int64_t pool) {
  return guarded("ctx_retrieval_destroy", [&] { Registry<Pool>::instance().remove(pool); });
}

// 0 for as many tokens as no block has.
template <class Pool>
int64_t stored_key_bytes(int64_t pool, int32_t tokens) {
  int64_t bytes = 0;
  on_pool<Pool>("ctx_retrieval_keys_bytes", pool,
                [&](Pool& keys) { bytes = checked_key_bytes(keys.tables().geometry(), tokens); });
  return bytes;
}

template <class Pool>
int32_t read_stored_keys(int64_t pool, const KeyRequest& request, void* bytes, int64_t byte_count) {
  return on_pool<Pool>("ctx_retrieval_keys_read", pool, [&](Pool& keys) {
    check_keys(keys.tables().geometry(), request, bytes, byte_count);
    keys.read_keys(request, bytes);
  });
}

template <class Pool>
int32_t write_stored_keys(int64_t pool, const KeyRequest& request, const void* bytes, int64_t byte_count) {
  return on_pool<Pool>("ctx_retrieval_keys_write", pool, [&](Pool& keys) {
    check_keys(keys.tables().geometry(), request, bytes, byte_count);
    keys.write_keys(request, bytes);
  });
}

// set(keys, rows)
template <class Pool, class Set>
int32_t set_select(int64_t pool, int32_t rows, const int32_t* positions, const int32_t* query_offsets,
                   const int32_t* query_positions, const int32_t* page_offsets, const int32_t* pages, const int32_t* rules,
                   const int32_t* block_offsets, const int32_t* block_ends, const Set& set) {
  static_assert(sizeof(SelectionRule) == 8 * sizeof(int32_t), "a rule is eight ints");
  return on_pool<Pool>("ctx_retrieval_select_set", pool, [&](Pool& keys) {
    set(keys, SelectRows{rows, positions, query_offsets, query_positions, page_offsets, pages,
                         reinterpret_cast<const SelectionRule*>(rules), block_offsets, block_ends});
  });
}

// What a selection left, by a member of its pool; null or 0 for an unknown id.
template <class Pool, class Result>
Result of_selection(const char* function, int64_t pool, Result (Pool::*result)()) {
  Result found{};
  on_pool<Pool>(function, pool, [&](Pool& keys) { found = (keys.*result)(); });
  return found;
}
template <class Pool, class Result>
Result of_selection(const char* function, int64_t pool, Result (Pool::*result)() const) {
  Result found{};
  on_pool<Pool>(function, pool, [&](Pool& keys) { found = (keys.*result)(); });
  return found;
}

}  // namespace contexture
