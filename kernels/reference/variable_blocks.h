// Attention over blocks of unequal length taken one by one: what a decode row costs without the uniform format.
#pragma once

#include <cstdint>
#include <vector>

#include "contexture/execution.h"
#include "contexture/paged_attention.h"

namespace contexture {
namespace reference {

// Half-open ranges of positions.
struct BlockRange {
  int32_t first, last;
};

// One sequence with one row of the step: for each KV head the blocks it attends to. Every block is a run of its own of the
// decode kernel, over as many keys as it has, and its result is merged into those before it. The step's K and V must be in
// the pool; q [num_heads, row_dim] is rotated and scaled, in powers of two. Writes params.out [num_heads * head_dim].
void attend_to_blocks(const AttentionParams& params, const StepView& step, int32_t seq, const float* q,
                      const std::vector<std::vector<BlockRange>>& blocks, const Execution& execution);

}  // namespace reference
}  // namespace contexture
