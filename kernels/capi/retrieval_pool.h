// The retrieval head's key pool, what its next append and selection are about, and what the last selection chose.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "capi/mapped_memory.h"
#include "capi/registry.h"
#include "capi/retrieval_tables.h"
#include "capi/stored_block.h"
#include "contexture/retrieval.h"

namespace contexture {

class RetrievalPool {
 public:
  // rope_cos, rope_sin: [positions, head_dim / 2]. Throws InvalidArgument or std::bad_alloc.
  RetrievalPool(const RetrievalGeometry& geometry, int32_t positions, const float* rope_cos, const float* rope_sin);

  const RetrievalGeometry& geometry() const { return geometry_; }

  // Held by whoever describes a call, runs it or reads its result.
  std::mutex& mutex() { return mutex_; }

  // What the next append and the next selection are about.
  RetrievalTables& tables() { return tables_; }

  void append(const float* keys /* [rows of the append, lists * head_dim] */, const Execution& execution);
  void select(const float* queries /* [queries, groups * query_heads * head_dim] */, const Execution& execution);

  int32_t stride() const { return tables_.stride(); }
  const int32_t* counts() const { return counts_.data(); }
  const int32_t* chosen() const { return chosen_.data(); }
  const float* mass() const { return mass_.data(); }

  void copy_page(int32_t from, int32_t to, int32_t slots);

  // Stored keys of a request that was checked: see KeyRequest.
  void read_keys(const KeyRequest& request, void* bytes) const;
  void write_keys(const KeyRequest& request, const void* bytes);

 private:
  // Calls fn(offset of a key's first values, offset of its scale) for every token and list in their order.
  template <class Fn>
  void for_keys(const KeyRequest& request, const Fn& fn) const;

  RetrievalTables tables_;
  const RetrievalGeometry geometry_;
  const std::vector<float> rope_cos_, rope_sin_;
  MappedMemory memory_;
  std::mutex mutex_;
  std::vector<int32_t> counts_, chosen_;
  std::vector<float> mass_;
};

using RetrievalRegistry = Registry<RetrievalPool>;

}  // namespace contexture
