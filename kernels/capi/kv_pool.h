// A pool's memory, its current step and its scratch; and the registry that turns ids into pools.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "contexture/paged_attention.h"
#include "contexture/paged_kv.h"

namespace contexture {

// Bad input from outside; the text says what was wrong and what to do.
struct InvalidArgument : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};
struct UnknownPool : std::invalid_argument {
  explicit UnknownPool(int64_t id);
};

class KvPool {
 public:
  // Throws InvalidArgument or std::bad_alloc.
  explicit KvPool(const PoolGeometry& geometry);
  ~KvPool();
  KvPool(const KvPool&) = delete;
  KvPool& operator=(const KvPool&) = delete;

  const PoolGeometry& geometry() const { return geometry_; }
  void* data() { return data_; }

  // Held by whoever sets a step, runs a kernel or reads rows.
  std::mutex& mutex() { return mutex_; }

  void set_step(int32_t num_seqs, const int32_t* query_len, const int32_t* context_len, const int32_t* page_offsets,
                const int32_t* pages);
  bool has_step() const { return !row_offsets_.empty(); }
  StepView step() const;
  int32_t max_position() const { return max_position_; }  // of the step's rows

  void read_row(int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head, int32_t what, float* out) const;
  AttentionScratch& scratch() { return scratch_; }

 private:
  void check_step(int32_t num_seqs, const int32_t* query_len, const int32_t* context_len, const int32_t* page_offsets,
                  const int32_t* pages) const;

  const PoolGeometry geometry_;
  char* data_ = nullptr;
  std::mutex mutex_;
  std::vector<int32_t> row_offsets_, context_len_, page_offsets_, pages_, row_positions_;
  std::vector<int64_t> row_slots_;
  int32_t max_position_ = 0;
  AttentionScratch scratch_;
};

// Ids are never used twice, so a stale one is an error and not another pool.
class PoolRegistry {
 public:
  static PoolRegistry& instance();

  int64_t add(std::shared_ptr<KvPool> pool);
  std::shared_ptr<KvPool> find(int64_t id) const;  // throws UnknownPool
  void remove(int64_t id);                         // throws UnknownPool; users of the pool keep it alive

 private:
  mutable std::mutex mutex_;
  std::unordered_map<int64_t, std::shared_ptr<KvPool>> pools_;
  int64_t next_id_ = 1;
};

}  // namespace contexture
