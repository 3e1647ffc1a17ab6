// Flat C interface for the foreign function API of the JVM.
//
// Functions that can fail return 0 (for ids) or a negative number and leave a sentence in ctx_last_error of the calling
// thread. Pool ids are looked up, never cast: a stale id is an error.
#pragma once

#include <cstdint>

#define CTX_EXPORT extern "C" __attribute__((visibility("default")))

CTX_EXPORT int32_t ctx_abi_version();
// "avx512", "avx2" or "portable"
CTX_EXPORT const char* ctx_isa();
CTX_EXPORT const char* ctx_last_error();

// dtype: 0 f32, 1 f16. Address space is taken at once, memory as pages are first written.
CTX_EXPORT int64_t ctx_pool_create(int32_t layers, int32_t kv_heads, int32_t head_dim, int32_t page_tokens,
                                   int32_t pages, int32_t dtype);
CTX_EXPORT int32_t ctx_pool_destroy(int64_t pool);
CTX_EXPORT int64_t ctx_pool_bytes(int64_t pool);

// The next step: sequence s brings query_len[s] new tokens after context_len[s] tokens in the pool, on the physical
// pages pages[page_offsets[s] .. page_offsets[s + 1]) in logical order. Everything is copied.
CTX_EXPORT int32_t ctx_step_set(int64_t pool, int32_t num_seqs, const int32_t* query_len, const int32_t* context_len,
                                const int32_t* page_offsets, const int32_t* pages);

// One slot's key (what = 0) or value (what = 1) of one head as f32 [head_dim].
CTX_EXPORT int32_t ctx_pool_read(int64_t pool, int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head,
                                 int32_t what, float* out);
