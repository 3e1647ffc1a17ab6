// Appends the step's K and V to the pool and attends causally through the page table.
#pragma once

#include <cstdint>
#include <memory>

#include "contexture/execution.h"
#include "contexture/paged_kv.h"

namespace contexture {

struct AttentionParams {
  PoolGeometry geometry;
  void* pool = nullptr;  // geometry.pool_bytes()
  int32_t layer = 0;
  int32_t num_heads = 0;  // query heads, a multiple of geometry.kv_heads
  float scale = 1.0f;
  int32_t window = 0;  // 0: none; else a query at p sees keys in (p - window, p]
  float norm_epsilon = 1e-6f;
  const float* qkv = nullptr;       // [rows, (num_heads + 2 * kv_heads) * head_dim]
  const float* rope_cos = nullptr;  // [positions, head_dim / 2]
  const float* rope_sin = nullptr;  // [positions, head_dim / 2]
  const float* q_norm = nullptr;    // [head_dim] or null
  const float* k_norm = nullptr;    // [head_dim] or null
  float* out = nullptr;             // [rows, num_heads * head_dim]
  // Where the queries of each sequence's last row are kept, turned on to the next position and scaled for powers of 2:
  // [sequences, num_heads * head_dim], sequences next_stride apart; or null. rope_cos then has two rows at least.
  float* next_queries = nullptr;
  int64_t next_stride = 0;
};

// Buffers that live from call to call; they grow to the largest step seen. One call at a time.
class AttentionScratch {
 public:
  AttentionScratch();
  ~AttentionScratch();
  AttentionScratch(const AttentionScratch&) = delete;
  AttentionScratch& operator=(const AttentionScratch&) = delete;

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

// The caller has checked shapes, positions and pages. Throws std::bad_alloc.
void paged_attention(const AttentionParams& params, const StepView& step, AttentionScratch& scratch,
                     const Execution& execution);

}  // namespace contexture
