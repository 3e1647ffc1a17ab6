#include <exception>
#include <new>
#include <string>

#include "capi/contexture.h"
#include "capi/kv_pool.h"
#include "contexture/execution.h"

namespace contexture {
namespace {

std::string& last_error() {
  thread_local std::string text;
  return text;
}

int32_t fail(int32_t code, const char* function, const char* reason) noexcept {
  try {
    last_error() = std::string(function) + ": " + reason;
  } catch (const std::exception&) {  // no memory for the text
    last_error().clear();
  }
  return code;
}

// Runs the body and turns exceptions into codes.
template <class Body>
int32_t guarded(const char* function, const Body& body) noexcept {
  try {
    body();
    return CTX_OK;
  } catch (const UnknownPool& e) {
    return fail(CTX_UNKNOWN_POOL, function, e.what());
  } catch (const InvalidArgument& e) {
    return fail(CTX_INVALID_ARGUMENT, function, e.what());
  } catch (const std::bad_alloc&) {
    return fail(CTX_OUT_OF_MEMORY, function, "out of memory");
  } catch (const std::exception& e) {
    return fail(CTX_INVALID_ARGUMENT, function, e.what());
  }
}

}  // namespace
}  // namespace contexture

using contexture::guarded;
using contexture::KvPool;
using contexture::PoolRegistry;

extern "C" {

int32_t ctx_abi_version(void) { return 1; }

const char* ctx_isa(void) { return contexture::isa_name(contexture::active_isa()); }

const char* ctx_last_error(void) { return contexture::last_error().c_str(); }

int64_t ctx_pool_create(int32_t layers, int32_t kv_heads, int32_t head_dim, int32_t page_tokens, int32_t pages,
                        int32_t dtype) {
  int64_t id = 0;
  guarded("ctx_pool_create", [&] {
    contexture::PoolGeometry geometry;
    geometry.layers = layers;
    geometry.kv_heads = kv_heads;
    geometry.head_dim = head_dim;
    geometry.page_tokens = page_tokens;
    geometry.pages = pages;
    geometry.dtype = static_cast<contexture::KvDtype>(dtype);
    id = PoolRegistry::instance().add(std::make_shared<KvPool>(geometry));
  });
  return id;
}

int32_t ctx_pool_destroy(int64_t pool) {
  return guarded("ctx_pool_destroy", [&] { PoolRegistry::instance().remove(pool); });
}

int64_t ctx_pool_bytes(int64_t pool) {
  int64_t bytes = 0;
  guarded("ctx_pool_bytes", [&] { bytes = PoolRegistry::instance().find(pool)->geometry().pool_bytes(); });
  return bytes;
}

int32_t ctx_step_set(int64_t pool, int32_t num_seqs, const int32_t* query_len, const int32_t* context_len,
                     const int32_t* page_offsets, const int32_t* pages) {
  return guarded("ctx_step_set", [&] {
    const auto kv = PoolRegistry::instance().find(pool);
    const std::lock_guard<std::mutex> lock(kv->mutex());
    kv->set_step(num_seqs, query_len, context_len, page_offsets, pages);
  });
}

int32_t ctx_pool_read(int64_t pool, int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head, int32_t what,
                      float* out) {
  return guarded("ctx_pool_read", [&] {
    const auto kv = PoolRegistry::instance().find(pool);
    const std::lock_guard<std::mutex> lock(kv->mutex());
    kv->read_row(layer, page, slot_in_page, kv_head, what, out);
  });
}

}  // extern "C"
