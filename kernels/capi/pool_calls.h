// What the C interfaces over pools in host memory and in a device's have in common.
#pragma once

#include <cstdint>
#include <memory>

#include "capi/guard.h"
#include "contexture/paged_kv.h"

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

}  // namespace contexture
