// The KV pool and the step that is about to run; shared by the C interface and the custom ops.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

#include "contexture/attention.h"

namespace contexture {

// A call that cannot be served; the message is for the caller.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Pool {
 public:
  explicit Pool(const KvLayout& layout);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  const KvLayout& layout() const { return layout_; }
  void* memory() const { return memory_; }

  void set_step(int num_seqs, const int32_t* query_len, const int32_t* context_len, const int32_t* page_offsets,
                const int32_t* pages);

  int64_t step_rows() const { return step_rows_; }
  int step_end_position() const { return step_end_position_; }
  const std::vector<SequenceRows>& step() const { return step_; }
  AttentionScratch& scratch() { return scratch_; }

  void read(int layer, int page, int token, int kv_head, bool value, float* out) const;

 private:
  KvLayout layout_;
  void* memory_ = nullptr;
  std::vector<int32_t> step_pages_;
  std::vector<SequenceRows> step_;
  int64_t step_rows_ = 0;
  int step_end_position_ = 0;  // one past the last position of the step
  AttentionScratch scratch_;
};

// All pools of the process by id.
int64_t register_pool(std::shared_ptr<Pool> pool);
std::shared_ptr<Pool> find_pool(int64_t id);  // Refused if there is none
void remove_pool(int64_t id);                 // Refused if there is none

}  // namespace contexture
