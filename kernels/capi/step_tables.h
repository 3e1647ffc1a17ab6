// The step that a pool was told of, checked and copied.
#pragma once

#include <cstdint>
#include <vector>

#include "contexture/paged_kv.h"

namespace contexture {

class StepTables {
 public:
  // Throws InvalidArgument, as all of it.
  explicit StepTables(const PoolGeometry& geometry);

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

  bool has_step() const { return !row_offsets_.empty(); }
  size_t sequences() const { return context_len_.size(); }
  StepView view() const;
  int32_t max_position() const { return max_position_; }  // of the step's rows

 private:
  void check_step(int32_t num_seqs, const int32_t* query_len, const int32_t* context_len, const int32_t* page_offsets,
                  const int32_t* pages) const;
  void check_selection(const Selection& selection) const;
  void check_list(int32_t seq, const int32_t* positions, int32_t count, int32_t stride) const;

  const PoolGeometry geometry_;
  std::vector<int32_t> row_offsets_, context_len_, page_offsets_, pages_, row_positions_;
  std::vector<int64_t> row_slots_;
  int32_t max_position_ = 0;
  std::vector<int32_t> group_of_layer_, row_of_seq_, selected_counts_, selected_positions_;
  std::vector<int64_t> selected_offsets_;
  StepSelection selection_;
};

}  // namespace contexture
