// The descriptors of all sequences: a bounded store of chunks, and which of them each sequence has.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "capi/kv_pool.h"
#include "capi/mapped_memory.h"
#include "capi/registry.h"
#include "contexture/descriptors.h"

namespace contexture {

class DescriptorPool {
 public:
  // Of the keys in `pool`, which is looked up at each use. Throws InvalidArgument or std::bad_alloc.
  DescriptorPool(int64_t kv_pool, const PoolGeometry& keys, const DescriptorGeometry& geometry);

  const DescriptorGeometry& geometry() const { return geometry_; }
  int64_t kv_pool() const { return kv_pool_; }

  // Held by whoever describes or selects.
  std::mutex& mutex() { return mutex_; }

  // Ids are never used twice.
  int64_t begin_sequence();
  void end_sequence(int64_t sequence);

  // Describes the blocks that are new. block_ends begins with those that are described already. Throws NoRoom, and then
  // nothing has changed.
  void describe(int64_t sequence, KvPool& keys, int32_t page_count, const int32_t* pages, int32_t block_count,
                const int32_t* block_ends, const Execution& execution);

  struct Select {
    int32_t rows;
    const int64_t* sequences;  // [rows]; 0: nothing is selected
    const int32_t* positions;  // [rows]
    const SelectionRule* rules;  // [rows]
    const float* queries;        // [rows, layers, query_heads, head_dim]
    int32_t stride;
    int32_t* counts;   // [rows, groups, kv_heads] out
    int32_t* chosen;   // [rows, groups, kv_heads, stride] out
    float* mass;       // [rows, groups, kv_heads] out
  };
  void select(const Select& select, const Execution& execution);

  int64_t used_bytes() const;

 private:
  struct Sequence {
    std::vector<int32_t> chunks, piece_ends, block_ends, block_piece_ends;
  };
  Sequence& find(int64_t sequence);
  void check_blocks(const Sequence& known, int32_t page_count, const int32_t* pages, int32_t block_count,
                    const int32_t* block_ends) const;
  void check_select(const Select& select);

  const int64_t kv_pool_;
  const PoolGeometry keys_;
  const DescriptorGeometry geometry_;
  MappedMemory memory_;
  std::mutex mutex_;
  std::unordered_map<int64_t, Sequence> sequences_;
  int64_t next_sequence_ = 1;
  std::vector<int32_t> free_;  // chunks; the one used last goes first, as its memory is there already
};

using DescriptorRegistry = Registry<DescriptorPool>;

}  // namespace contexture
