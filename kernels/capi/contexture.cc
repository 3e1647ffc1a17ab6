#include "contexture.h"

#include <exception>
#include <string>

#include "kernel_table.h"
#include "pool.h"

namespace {

thread_local std::string last_error;

template <class Result, class Call>
Result guarded(Result on_failure, const Call& call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    last_error = "out of memory";
  } catch (const std::exception& e) {
    last_error = e.what();
  }
  return on_failure;
}

}  // namespace

int32_t ctx_abi_version() { return 1; }

const char* ctx_isa() { return contexture::kernels().name; }

const char* ctx_last_error() { return last_error.c_str(); }

int64_t ctx_pool_create(int32_t layers, int32_t kv_heads, int32_t head_dim, int32_t page_tokens, int32_t pages,
                        int32_t dtype) {
  return guarded(int64_t{0}, [&] {
    return contexture::register_pool(std::make_shared<contexture::Pool>(contexture::KvLayout{
        layers, kv_heads, head_dim, page_tokens, pages, static_cast<contexture::KvType>(dtype)}));
  });
}

int32_t ctx_pool_destroy(int64_t pool) {
  return guarded(-1, [&] {
    contexture::remove_pool(pool);
    return 0;
  });
}

int64_t ctx_pool_bytes(int64_t pool) {
  return guarded(int64_t{-1}, [&] { return int64_t(contexture::find_pool(pool)->layout().bytes()); });
}

int32_t ctx_step_set(int64_t pool, int32_t num_seqs, const int32_t* query_len, const int32_t* context_len,
                     const int32_t* page_offsets, const int32_t* pages) {
  return guarded(-1, [&] {
    contexture::find_pool(pool)->set_step(num_seqs, query_len, context_len, page_offsets, pages);
    return 0;
  });
}

int32_t ctx_pool_read(int64_t pool, int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head, int32_t what,
                      float* out) {
  return guarded(-1, [&] {
    contexture::find_pool(pool)->read(layer, page, slot_in_page, kv_head, what == 1, out);
    return 0;
  });
}
