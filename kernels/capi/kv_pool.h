// A KV pool's memory, its current step and its scratch.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "capi/mapped_memory.h"
#include "capi/registry.h"
#include "capi/step_tables.h"
#include "contexture/block_codec.h"
#include "contexture/paged_attention.h"
#include "contexture/paged_kv.h"

namespace contexture {

class KvPool {
 public:
  // Throws InvalidArgument or std::bad_alloc.
  explicit KvPool(const PoolGeometry& geometry);

  const PoolGeometry& geometry() const { return geometry_; }
  void* data() { return memory_.data(); }

  // Takes the memory of the pages [0, pages) physically now.
  void pretouch(int32_t pages);

  // Held by whoever sets a step, runs a kernel or reads rows.
  std::mutex& mutex() { return mutex_; }

  void set_step(int32_t num_seqs, const int32_t* query_len, const int32_t* context_len, const int32_t* page_offsets,
                const int32_t* pages) {
    steps_.set_step(num_seqs, query_len, context_len, page_offsets, pages);
    kept_heads_ = 0;
  }
  using Selection = StepTables::Selection;
  void set_selection(const Selection& selection) { steps_.set_selection(selection); }

  // Has the coming run of the step keep the queries of each sequence's last row; they are zero until then.
  void keep_queries(int32_t query_heads);
  int32_t kept_heads() const { return kept_heads_; }  // 0: none are kept
  // [sequences, query_heads * head_dim] of a layer, sequences kept_stride() apart.
  float* kept_queries(int32_t layer) {
    return kept_queries_.data() + static_cast<int64_t>(layer) * kept_heads_ * geometry_.head_dim;
  }
  int64_t kept_stride() const { return static_cast<int64_t>(geometry_.layers) * kept_heads_ * geometry_.head_dim; }
  // Those of a sequence of the step: [layers, query_heads, head_dim].
  void read_queries(int32_t seq, float* out) const;

  bool has_step() const { return steps_.has_step(); }
  StepView step() const { return steps_.view(); }
  int32_t max_position() const { return steps_.max_position(); }  // of the step's rows

  // Copies K and V of a page's first `slots` tokens to another page, all layers.
  void copy_page(int32_t from, int32_t to, int32_t slots);

  // A stored block's bytes, as many as its format wants, and back.
  void encode(const BlockPlace& place, BlockFormat format, void* bytes) {
    encode_block(place, format, memory_.data(), bytes, active_isa());
  }
  void decode(const BlockPlace& place, BlockFormat format, const void* bytes) {
    decode_block(place, format, bytes, memory_.data(), active_isa());
  }

  void read_row(int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head, int32_t what, float* out) const;
  AttentionScratch& scratch() { return scratch_; }

 private:
  const PoolGeometry geometry_;
  StepTables steps_;
  MappedMemory memory_;
  std::mutex mutex_;
  int32_t kept_heads_ = 0;
  std::vector<float> kept_queries_;
  AttentionScratch scratch_;
};

using PoolRegistry = Registry<KvPool>;

}  // namespace contexture
