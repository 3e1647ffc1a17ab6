// The C interface over the device's pool: the same functions as of the library for CPUs, as far as they make sense here.
#include <memory>
#include <string>

#include "capi/guard.h"
#include "capi/pool_calls.h"
#include "cuda/bound_session.h"
#include "cuda/device_pool.h"
#include "cuda/devices.h"
#include "cuda/head_session.h"
#include "cuda/key_pool.h"

using contexture::check_table;
using contexture::guarded;
using contexture::of_selection;
using contexture::on_pool;
using contexture::cuda::BoundSession;
using contexture::cuda::DeviceKeyPool;
using contexture::cuda::DevicePool;
using contexture::cuda::HeadRegistry;
using contexture::cuda::HeadSession;
using contexture::cuda::SessionRegistry;

extern "C" {

int32_t ctx_abi_version(void) { return CTX_ABI_VERSION; }

const char* ctx_isa(void) { return "cuda"; }

const char* ctx_last_error(void) { return contexture::last_error().c_str(); }

int64_t ctx_pool_create(int32_t layers, int32_t kv_heads, int32_t head_dim, int32_t page_tokens, int32_t pages,
                        int32_t dtype) {
  return contexture::create_pool<DevicePool>(layers, kv_heads, head_dim, page_tokens, pages, dtype);
}

int64_t ctx_pool_create_elastic(int32_t layers, int32_t kv_heads, int32_t head_dim, int32_t page_tokens, int32_t pages,
                                int32_t dtype, int64_t device_bytes, int64_t host_bytes, int32_t places, int32_t lists,
                                int32_t room) {
  int64_t id = 0;
  guarded("ctx_pool_create_elastic", [&] {
    const contexture::PoolGeometry geometry{layers,      kv_heads, head_dim,
                                            page_tokens, pages,    static_cast<contexture::KvDtype>(dtype)};
    id = contexture::cuda::DevicePoolRegistry::instance().add(std::make_shared<DevicePool>(
        geometry, contexture::cuda::ElasticSettings{device_bytes, host_bytes, places, lists, room}));
  });
  return id;
}

int32_t ctx_pool_host_layers(int64_t pool) {
  int32_t most = 0;
  on_pool<DevicePool>("ctx_pool_host_layers", pool,
                      [&](DevicePool& kv) { most = kv.elastic() == nullptr ? 0 : kv.elastic()->most_host_layers(); });
  return most;
}

int32_t ctx_pool_page_limit(int64_t pool, int32_t host_layers) {
  int32_t limit = 0;
  on_pool<DevicePool>("ctx_pool_page_limit", pool, [&](DevicePool& kv) {
    limit = kv.elastic() == nullptr ? kv.geometry().pages : kv.elastic()->page_limit(host_layers);
  });
  return limit;
}

int32_t ctx_pool_place(int64_t pool, int32_t host_layers, int32_t used_count, const int32_t* used) {
  return on_pool<DevicePool>("ctx_pool_place", pool, [&](DevicePool& kv) {
    check_table("used", used, used_count);
    kv.place(host_layers, used, used_count);
  });
}

int32_t ctx_step_loaded(int64_t pool, int64_t* counts) {
  return on_pool<DevicePool>("ctx_step_loaded", pool, [&](DevicePool& kv) {
    check_table("counts", counts, 2);
    kv.loaded(counts);
  });
}

int32_t ctx_pool_destroy(int64_t pool) { return contexture::destroy_pool<DevicePool>(pool); }

int64_t ctx_pool_bytes(int64_t pool) { return contexture::pool_bytes<DevicePool>(pool); }

// A device gives all of a pool's memory at once.
int32_t ctx_pool_pretouch(int64_t pool, int32_t) {
  return on_pool<DevicePool>("ctx_pool_pretouch", pool, [](DevicePool&) {});
}

int32_t ctx_step_set(int64_t pool, int32_t num_seqs, const int32_t* query_len, const int32_t* context_len,
                     const int32_t* page_offsets, const int32_t* pages) {
  return on_pool<DevicePool>("ctx_step_set", pool,
                             [&](DevicePool& kv) { kv.set_step(num_seqs, query_len, context_len, page_offsets, pages); });
}

int32_t ctx_step_select(int64_t pool, int32_t groups, const int32_t* group_of_layer, int32_t rows, const int32_t* sequences,
                        int32_t kv_heads, int32_t stride, const int32_t* counts, const int32_t* positions,
                        int32_t first_dense_layers) {
  return on_pool<DevicePool>("ctx_step_select", pool, [&](DevicePool& kv) {
    kv.set_selection({groups, group_of_layer, rows, sequences, kv_heads, stride, counts, positions, first_dense_layers});
  });
}

int32_t ctx_step_keep_queries(int64_t pool, int32_t) {
  return on_pool<DevicePool>("ctx_step_keep_queries", pool, [](DevicePool&) {
    throw contexture::InvalidArgument("a device's runs keep no queries: descriptors select on CPUs only");
  });
}

int32_t ctx_step_queries(int64_t pool, int32_t, float*) { return ctx_step_keep_queries(pool, 0); }

int32_t ctx_pool_copy(int64_t pool, int32_t from_page, int32_t to_page, int32_t slots) {
  return on_pool<DevicePool>("ctx_pool_copy", pool, [&](DevicePool& kv) { kv.copy_page(from_page, to_page, slots); });
}

int32_t ctx_pool_read(int64_t pool, int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head, int32_t what,
                      float* out) {
  return on_pool<DevicePool>("ctx_pool_read", pool,
                             [&](DevicePool& kv) { kv.read_row(layer, page, slot_in_page, kv_head, what, out); });
}

int64_t ctx_block_bytes(int64_t pool, int32_t format, int32_t layer_count, int32_t tokens) {
  return contexture::stored_block_bytes<DevicePool>(pool, format, layer_count, tokens);
}

int32_t ctx_block_encode(int64_t pool, int32_t format, int32_t layer_count, const int32_t* layers, int32_t kv_head,
                         int32_t page_count, const int32_t* pages, int32_t first, int32_t tokens, void* bytes,
                         int64_t byte_count) {
  return contexture::encode_stored_block<DevicePool>(
      pool, {format, layer_count, layers, kv_head, page_count, pages, first, tokens}, bytes, byte_count);
}

int32_t ctx_block_decode(int64_t pool, int32_t format, int32_t layer_count, const int32_t* layers, int32_t kv_head,
                         int32_t page_count, const int32_t* pages, int32_t first, int32_t tokens, const void* bytes,
                         int64_t byte_count) {
  return contexture::decode_stored_block<DevicePool>(
      pool, {format, layer_count, layers, kv_head, page_count, pages, first, tokens}, bytes, byte_count);
}

int64_t ctx_session_create(const char* graph, const char* library, int64_t pool, int64_t vocabulary, int64_t features) {
  int64_t id = 0;
  guarded("ctx_session_create", [&] {
    if (graph == nullptr || library == nullptr) throw contexture::InvalidArgument("a path is null");
    id = SessionRegistry::instance().add(
        std::make_shared<BoundSession>(BoundSession::Model{graph, library, pool, vocabulary, features}));
  });
  return id;
}

int32_t ctx_session_destroy(int64_t session) {
  return guarded("ctx_session_destroy", [&] { SessionRegistry::instance().remove(session); });
}

int32_t ctx_session_run(int64_t session, const int64_t* tokens, int32_t rows, const int64_t* wanted, int32_t wanted_count) {
  return on_pool<BoundSession>("ctx_session_run", session,
                               [&](BoundSession& bound) { bound.run(tokens, rows, wanted, wanted_count); });
}

const float* ctx_session_logits(int64_t session) {
  const float* logits = nullptr;
  on_pool<BoundSession>("ctx_session_logits", session, [&](BoundSession& bound) { logits = bound.logits(); });
  return logits;
}

const ctx_drawn_token* ctx_session_sample(int64_t session, int32_t tokens, const ctx_sample_row* rows, int32_t count,
                                          const ctx_logit_change* changes, int32_t change_count, const uint64_t* masks,
                                          int32_t mask_count) {
  const ctx_drawn_token* drawn = nullptr;
  on_pool<BoundSession>("ctx_session_sample", session,
                        [&](BoundSession& bound) {
                          drawn = bound.sample(tokens, {rows, count, changes, change_count, masks, mask_count});
                        });
  return drawn;
}

int64_t ctx_retrieval_create(int32_t groups, int32_t kv_heads, int32_t query_heads, int32_t head_dim, int32_t page_tokens,
                             int32_t pages, int32_t positions, const float* rope_cos, const float* rope_sin) {
  return contexture::create_retrieval<DeviceKeyPool>({groups, kv_heads, query_heads, head_dim, page_tokens, pages},
                                                     positions, rope_cos, rope_sin);
}

int32_t ctx_retrieval_destroy(int64_t pool) { return contexture::destroy_retrieval<DeviceKeyPool>(pool); }

int64_t ctx_retrieval_bytes(int64_t pool) { return of_selection("ctx_retrieval_bytes", pool, &DeviceKeyPool::bytes); }

int32_t ctx_retrieval_copy(int64_t pool, int32_t from_page, int32_t to_page, int32_t slots) {
  return on_pool<DeviceKeyPool>("ctx_retrieval_copy", pool,
                                [&](DeviceKeyPool& keys) { keys.copy_page(from_page, to_page, slots); });
}

int64_t ctx_retrieval_keys_bytes(int64_t pool, int32_t tokens) {
  return contexture::stored_key_bytes<DeviceKeyPool>(pool, tokens);
}

int32_t ctx_retrieval_keys_read(int64_t pool, int32_t page_count, const int32_t* pages, int32_t first, int32_t tokens,
                                void* bytes, int64_t byte_count) {
  return contexture::read_stored_keys<DeviceKeyPool>(pool, {page_count, pages, first, tokens}, bytes, byte_count);
}

int32_t ctx_retrieval_keys_write(int64_t pool, int32_t page_count, const int32_t* pages, int32_t first, int32_t tokens,
                                 const void* bytes, int64_t byte_count) {
  return contexture::write_stored_keys<DeviceKeyPool>(pool, {page_count, pages, first, tokens}, bytes, byte_count);
}

int32_t ctx_retrieval_append_set(int64_t pool, int32_t rows, const int32_t* positions, const int64_t* slots) {
  return on_pool<DeviceKeyPool>("ctx_retrieval_append_set", pool,
                                [&](DeviceKeyPool& keys) { keys.set_append(rows, positions, slots); });
}

int32_t ctx_retrieval_select_set(int64_t pool, int32_t rows, const int32_t* positions, const int32_t* query_offsets,
                                 const int32_t* query_positions, const int32_t* page_offsets, const int32_t* pages,
                                 const int32_t* rules, const int32_t* block_offsets, const int32_t* block_ends) {
  return contexture::set_select<DeviceKeyPool>(
      pool, rows, positions, query_offsets, query_positions, page_offsets, pages, rules, block_offsets, block_ends,
      [](DeviceKeyPool& keys, const contexture::SelectRows& select) { keys.set_select(select); });
}

int32_t ctx_selection_stride(int64_t pool) { return of_selection("ctx_selection_stride", pool, &DeviceKeyPool::stride); }

const int32_t* ctx_selection_counts(int64_t pool) {
  return of_selection("ctx_selection_counts", pool, &DeviceKeyPool::counts);
}

const int32_t* ctx_selection_positions(int64_t pool) {
  return of_selection("ctx_selection_positions", pool, &DeviceKeyPool::chosen);
}

const float* ctx_selection_mass(int64_t pool) { return of_selection("ctx_selection_mass", pool, &DeviceKeyPool::mass); }

int32_t ctx_step_select_chosen(int64_t pool, int64_t retrieval, const int32_t* group_of_layer, int32_t rows,
                               const int32_t* sequences, const int32_t* chosen, const int32_t* places, const int32_t* owners,
                               int32_t first_dense_layers) {
  return on_pool<DevicePool>("ctx_step_select_chosen", pool, [&](DevicePool& kv) {
    const auto keys = contexture::cuda::DeviceKeyPoolRegistry::instance().find(retrieval);
    const std::lock_guard<std::mutex> lock(keys->mutex());
    if (keys->counts() == nullptr) throw contexture::InvalidArgument("nothing was selected yet");
    check_table("group_of_layer", group_of_layer, kv.geometry().layers);
    check_table("sequences", sequences, rows);
    check_table("chosen", chosen, rows);
    if ((places == nullptr) != (owners == nullptr)) throw contexture::InvalidArgument("places and owners go together");
    kv.set_selection({keys->lists(), keys->chosen_rows(), keys->chosen_positions(), group_of_layer, rows, sequences, chosen,
                      first_dense_layers, keys->lists_of_positions(), places, owners});
  });
}

int64_t ctx_head_create(const char* keys, const char* query, const char* library, int64_t retrieval, int64_t session,
                        int32_t rows) {
  int64_t id = 0;
  guarded("ctx_head_create", [&] {
    if (keys == nullptr || query == nullptr || library == nullptr) throw contexture::InvalidArgument("a path is null");
    id = HeadRegistry::instance().add(
        std::make_shared<HeadSession>(HeadSession::Model{keys, query, library, retrieval, session, rows}));
  });
  return id;
}

int32_t ctx_head_destroy(int64_t head) {
  return guarded("ctx_head_destroy", [&] { HeadRegistry::instance().remove(head); });
}

int32_t ctx_head_select(int64_t head, int32_t rows, const int64_t* tokens, const int32_t* feature_rows) {
  return on_pool<HeadSession>("ctx_head_select", head, [&](HeadSession& session) {
    check_table("tokens", tokens, rows);
    check_table("feature_rows", feature_rows, rows);
    session.select(rows, tokens, feature_rows);
  });
}

int32_t ctx_head_observe(int64_t head, int32_t carried, const int32_t* carried_rows, const int32_t* feature_rows) {
  return on_pool<HeadSession>("ctx_head_observe", head, [&](HeadSession& session) {
    check_table("carried_rows", carried_rows, carried);
    check_table("feature_rows", feature_rows, carried);
    session.observe(carried, carried_rows, feature_rows);
  });
}

int32_t ctx_head_read(int64_t head, int32_t feature_row, int32_t width, float* out) {
  return on_pool<HeadSession>("ctx_head_read", head, [&](HeadSession& session) {
    check_table("out", out, width);
    session.read(feature_row, width, out);
  });
}

int32_t ctx_head_write(int64_t head, int32_t feature_row, int32_t width, const float* features) {
  return on_pool<HeadSession>("ctx_head_write", head, [&](HeadSession& session) {
    check_table("features", features, width);
    session.write(feature_row, width, features);
  });
}

int32_t ctx_device_count(void) { return contexture::cuda::usable_devices(); }

const char* ctx_device_report(void) {
  static thread_local std::string report;
  report = contexture::cuda::device_report();
  return report.c_str();
}

}  // extern "C"
