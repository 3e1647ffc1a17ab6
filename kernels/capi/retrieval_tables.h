// What the retrieval head's next append and its next selection are about, checked and copied; where keys lie is their pool's
// business.
#pragma once

#include <cstdint>
#include <vector>

#include "contexture/retrieval.h"

namespace contexture {

class RetrievalTables {
 public:
  // rope_cos, rope_sin: [positions, head_dim / 2], not kept. Throws InvalidArgument, as do the others.
  RetrievalTables(const RetrievalGeometry& geometry, int32_t positions, const float* rope_cos, const float* rope_sin);

  const RetrievalGeometry& geometry() const { return geometry_; }

  void set_append(int32_t rows, const int32_t* positions, const int64_t* slots);
  void set_select(const SelectRows& select);

  int32_t append_rows() const { return static_cast<int32_t>(append_positions_.size()); }
  const int32_t* append_positions() const { return append_positions_.data(); }
  const int64_t* append_slots() const { return append_slots_.data(); }

  SelectRows select_rows() const;
  int32_t select_queries() const { return static_cast<int32_t>(query_positions_.size()); }
  // Positions that the longest list of the selection may have.
  int32_t stride() const { return stride_; }

 private:
  void check_select(const SelectRows& select) const;

  const RetrievalGeometry geometry_;
  const int32_t positions_;
  std::vector<int32_t> append_positions_;
  std::vector<int64_t> append_slots_;
  std::vector<int32_t> select_positions_, query_offsets_, query_positions_, page_offsets_, pages_, block_offsets_,
      block_ends_;
  std::vector<SelectionRule> rules_;
  int32_t stride_ = 0;
};

}  // namespace contexture
