// A KV pool's memory, its current step and its scratch.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "capi/mapped_memory.h"
#include "capi/registry.h"
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
                const int32_t* pages);
  // Has sequences of the step that was just set attend to a selection. The positions of all lists are checked.
  struct Selection {
    int32_t groups;
    const int32_t* group_of_layer;  // [layers]
    int32_t rows;
    const int32_t* sequences;  // [rows] of the step
    int32_t kv_heads;          // the pool's or 1
    int32_t stride;
    const int32_t* counts;     // [rows, groups, kv_heads]
    const int32_t* positions;  // [rows, groups, kv_heads, stride]
    int32_t first_dense_layers;
  };
  void set_selection(const Selection& selection);

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

  bool has_step() const { return !row_offsets_.empty(); }
  StepView step() const;
  int32_t max_position() const { return max_position_; }  // of the step's rows

  // Copies K and V of a page's first `slots` tokens to another page, all layers.
  void copy_page(int32_t from, int32_t to, int32_t slots);

  void read_row(int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head, int32_t what, float* out) const;
  AttentionScratch& scratch() { return scratch_; }

 private:
  void check_step(int32_t num_seqs, const int32_t* query_len, const int32_t* context_len, const int32_t* page_offsets,
                  const int32_t* pages) const;
  void check_selection(const Selection& selection) const;
  void check_list(int32_t seq, const int32_t* positions, int32_t count, int32_t stride) const;

  const PoolGeometry geometry_;
  MappedMemory memory_;
  std::mutex mutex_;
  std::vector<int32_t> row_offsets_, context_len_, page_offsets_, pages_, row_positions_;
  std::vector<int64_t> row_slots_;
  int32_t max_position_ = 0;
  std::vector<int32_t> group_of_layer_, row_of_seq_, selected_counts_, selected_positions_;
  std::vector<int64_t> selected_offsets_;
  StepSelection selection_;
  int32_t kept_heads_ = 0;
  std::vector<float> kept_queries_;
  AttentionScratch scratch_;
};

using PoolRegistry = Registry<KvPool>;

}  // namespace contexture
