#include "capi/checks.h"
#include "capi/contexture.h"
#include "capi/descriptor_pool.h"
#include "capi/guard.h"
#include "capi/kv_pool.h"
#include "capi/pool_calls.h"
#include "capi/retrieval_pool.h"
#include "contexture/execution.h"

using contexture::DescriptorPool;
using contexture::DescriptorRegistry;
using contexture::guarded;
using contexture::KvPool;
using contexture::on_pool;
using contexture::PoolRegistry;
using contexture::RetrievalPool;
using contexture::RetrievalRegistry;

extern "C" {

int32_t ctx_abi_version(void) { return CTX_ABI_VERSION; }

const char* ctx_isa(void) { return contexture::isa_name(contexture::active_isa()); }

const char* ctx_last_error(void) { return contexture::last_error().c_str(); }

int64_t ctx_pool_create(int32_t layers, int32_t kv_heads, int32_t head_dim, int32_t page_tokens, int32_t pages,
                        int32_t dtype) {
  return contexture::create_pool<KvPool>(layers, kv_heads, head_dim, page_tokens, pages, dtype);
}

int32_t ctx_pool_destroy(int64_t pool) { return contexture::destroy_pool<KvPool>(pool); }

int64_t ctx_pool_bytes(int64_t pool) { return contexture::pool_bytes<KvPool>(pool); }

int32_t ctx_pool_pretouch(int64_t pool, int32_t pages) {
  return on_pool<KvPool>("ctx_pool_pretouch", pool, [&](KvPool& kv) { kv.pretouch(pages); });
}

int32_t ctx_step_set(int64_t pool, int32_t num_seqs, const int32_t* query_len, const int32_t* context_len,
                     const int32_t* page_offsets, const int32_t* pages) {
  return on_pool<KvPool>("ctx_step_set", pool, [&](KvPool& kv) {
    kv.set_step(num_seqs, query_len, context_len, page_offsets, pages);
  });
}

int32_t ctx_step_select(int64_t pool, int32_t groups, const int32_t* group_of_layer, int32_t rows,
                        const int32_t* sequences, int32_t kv_heads, int32_t stride, const int32_t* counts,
                        const int32_t* positions, int32_t first_dense_layers) {
  return on_pool<KvPool>("ctx_step_select", pool, [&](KvPool& kv) {
    kv.set_selection(
        {groups, group_of_layer, rows, sequences, kv_heads, stride, counts, positions, first_dense_layers});
  });
}

int32_t ctx_step_keep_queries(int64_t pool, int32_t query_heads) {
  return on_pool<KvPool>("ctx_step_keep_queries", pool, [&](KvPool& kv) { kv.keep_queries(query_heads); });
}

int32_t ctx_step_queries(int64_t pool, int32_t sequence, float* out) {
  return on_pool<KvPool>("ctx_step_queries", pool, [&](KvPool& kv) { kv.read_queries(sequence, out); });
}

int32_t ctx_pool_copy(int64_t pool, int32_t from_page, int32_t to_page, int32_t slots) {
  return on_pool<KvPool>("ctx_pool_copy", pool, [&](KvPool& kv) { kv.copy_page(from_page, to_page, slots); });
}

int32_t ctx_pool_read(int64_t pool, int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head, int32_t what,
                      float* out) {
  return on_pool<KvPool>("ctx_pool_read", pool, [&](KvPool& kv) {
    kv.read_row(layer, page, slot_in_page, kv_head, what, out);
  });
}

int64_t ctx_block_bytes(int64_t pool, int32_t format, int32_t layer_count, int32_t tokens) {
  return contexture::stored_block_bytes<KvPool>(pool, format, layer_count, tokens);
}

int32_t ctx_block_encode(int64_t pool, int32_t format, int32_t layer_count, const int32_t* layers, int32_t kv_head,
                         int32_t page_count, const int32_t* pages, int32_t first, int32_t tokens, void* bytes,
                         int64_t byte_count) {
  return contexture::encode_stored_block<KvPool>(
      pool, {format, layer_count, layers, kv_head, page_count, pages, first, tokens}, bytes, byte_count);
}

int32_t ctx_block_decode(int64_t pool, int32_t format, int32_t layer_count, const int32_t* layers, int32_t kv_head,
                         int32_t page_count, const int32_t* pages, int32_t first, int32_t tokens, const void* bytes,
                         int64_t byte_count) {
  return contexture::decode_stored_block<KvPool>(
      pool, {format, layer_count, layers, kv_head, page_count, pages, first, tokens}, bytes, byte_count);
}

int64_t ctx_retrieval_create(int32_t groups, int32_t kv_heads, int32_t query_heads, int32_t head_dim,
                             int32_t page_tokens, int32_t pages, int32_t positions, const float* rope_cos,
                             const float* rope_sin) {
  return contexture::create_retrieval<RetrievalPool>({groups, kv_heads, query_heads, head_dim, page_tokens, pages},
                                                     positions, rope_cos, rope_sin);
}

int32_t ctx_retrieval_destroy(int64_t pool) { return contexture::destroy_retrieval<RetrievalPool>(pool); }

int64_t ctx_retrieval_bytes(int64_t pool) {
  int64_t bytes = 0;
  on_pool<RetrievalPool>("ctx_retrieval_bytes", pool,
                         [&](RetrievalPool& keys) { bytes = keys.geometry().pool_bytes(); });
  return bytes;
}

int32_t ctx_retrieval_copy(int64_t pool, int32_t from_page, int32_t to_page, int32_t slots) {
  return on_pool<RetrievalPool>("ctx_retrieval_copy", pool,
                                [&](RetrievalPool& keys) { keys.copy_page(from_page, to_page, slots); });
}

int64_t ctx_retrieval_keys_bytes(int64_t pool, int32_t tokens) {
  return contexture::stored_key_bytes<RetrievalPool>(pool, tokens);
}

int32_t ctx_retrieval_keys_read(int64_t pool, int32_t page_count, const int32_t* pages, int32_t first, int32_t tokens,
                                void* bytes, int64_t byte_count) {
  return contexture::read_stored_keys<RetrievalPool>(pool, {page_count, pages, first, tokens}, bytes, byte_count);
}

int32_t ctx_retrieval_keys_write(int64_t pool, int32_t page_count, const int32_t* pages, int32_t first, int32_t tokens,
                                 const void* bytes, int64_t byte_count) {
  return contexture::write_stored_keys<RetrievalPool>(pool, {page_count, pages, first, tokens}, bytes, byte_count);
}

int32_t ctx_retrieval_append_set(int64_t pool, int32_t rows, const int32_t* positions, const int64_t* slots) {
  return on_pool<RetrievalPool>("ctx_retrieval_append_set", pool,
                                [&](RetrievalPool& keys) { keys.tables().set_append(rows, positions, slots); });
}

int32_t ctx_retrieval_select_set(int64_t pool, int32_t rows, const int32_t* positions, const int32_t* query_offsets,
                                 const int32_t* query_positions, const int32_t* page_offsets, const int32_t* pages,
                                 const int32_t* rules, const int32_t* block_offsets, const int32_t* block_ends) {
  return contexture::set_select<RetrievalPool>(
      pool, rows, positions, query_offsets, query_positions, page_offsets, pages, rules, block_offsets, block_ends,
      [](RetrievalPool& keys, const contexture::SelectRows& select) { keys.tables().set_select(select); });
}

int32_t ctx_selection_stride(int64_t pool) {
  return contexture::of_selection("ctx_selection_stride", pool, &RetrievalPool::stride);
}

const int32_t* ctx_selection_counts(int64_t pool) {
  return contexture::of_selection("ctx_selection_counts", pool, &RetrievalPool::counts);
}

const int32_t* ctx_selection_positions(int64_t pool) {
  return contexture::of_selection("ctx_selection_positions", pool, &RetrievalPool::chosen);
}

const float* ctx_selection_mass(int64_t pool) {
  return contexture::of_selection("ctx_selection_mass", pool, &RetrievalPool::mass);
}

int64_t ctx_descriptors_create(int64_t pool, int32_t kind, int32_t query_heads, int32_t groups, int32_t window,
                               int32_t chunks) {
  int64_t id = 0;
  on_pool<KvPool>("ctx_descriptors_create", pool, [&](KvPool& kv) {
    const contexture::PoolGeometry& keys = kv.geometry();
    const contexture::DescriptorGeometry geometry{static_cast<contexture::DescriptorKind>(kind),
                                                  keys.layers,
                                                  keys.kv_heads,
                                                  query_heads,
                                                  keys.head_dim,
                                                  groups,
                                                  window,
                                                  chunks};
    id = DescriptorRegistry::instance().add(std::make_shared<DescriptorPool>(pool, keys, geometry));
  });
  return id;
}

int32_t ctx_descriptors_destroy(int64_t descriptors) {
  return guarded("ctx_descriptors_destroy", [&] { DescriptorRegistry::instance().remove(descriptors); });
}

int64_t ctx_descriptors_bytes(int64_t descriptors) {
  int64_t bytes = 0;
  on_pool<DescriptorPool>("ctx_descriptors_bytes", descriptors, [&](DescriptorPool& d) { bytes = d.used_bytes(); });
  return bytes;
}

int64_t ctx_descriptors_begin(int64_t descriptors) {
  int64_t sequence = 0;
  on_pool<DescriptorPool>("ctx_descriptors_begin", descriptors,
                          [&](DescriptorPool& d) { sequence = d.begin_sequence(); });
  return sequence;
}

int32_t ctx_descriptors_end(int64_t descriptors, int64_t sequence) {
  return on_pool<DescriptorPool>("ctx_descriptors_end", descriptors,
                                 [&](DescriptorPool& d) { d.end_sequence(sequence); });
}

int32_t ctx_descriptors_describe(int64_t descriptors, int64_t sequence, int32_t page_count, const int32_t* pages,
                                 int32_t block_count, const int32_t* block_ends) {
  return on_pool<DescriptorPool>("ctx_descriptors_describe", descriptors, [&](DescriptorPool& d) {
    const auto keys = PoolRegistry::instance().find(d.kv_pool());
    const std::lock_guard<std::mutex> lock(keys->mutex());
    d.describe(sequence, *keys, page_count, pages, block_count, block_ends,
               contexture::Execution{contexture::SerialFor()});
  });
}

int32_t ctx_descriptors_select(int64_t descriptors, int32_t rows, const int64_t* sequences, const int32_t* positions,
                               const int32_t* rules, const float* queries, int32_t stride, int32_t* counts,
                               int32_t* chosen, float* mass) {
  return on_pool<DescriptorPool>("ctx_descriptors_select", descriptors, [&](DescriptorPool& d) {
    d.select({rows, sequences, positions, reinterpret_cast<const contexture::SelectionRule*>(rules), queries, stride,
              counts, chosen, mass},
             contexture::Execution{contexture::SerialFor()});
  });
}

}  // extern "C"
