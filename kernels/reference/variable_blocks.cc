#include "reference/variable_blocks.h"

#include "cpu/dispatch.h"
#include "cpu/run_items.h"

namespace contexture {
namespace reference {

void attend_to_blocks(const AttentionParams& params, const StepView& step, int32_t seq, const float* q,
                      const std::vector<std::vector<BlockRange>>& blocks, const Execution& execution) {
  const PoolGeometry& g = params.geometry;
  const KernelTable& kernels = kernels_for(execution.isa);
  const int32_t group = params.num_heads / g.kv_heads, row_dim = g.row_dim();
  const int64_t part_floats = static_cast<int64_t>(group) * (row_dim + 2);
  const char* layer = static_cast<const char*>(params.pool) + params.layer * g.layer_bytes();
  run_items(execution.parallel, false, blocks.size(), [&](size_t head) {
    const KeyRows keys = {layer + static_cast<int64_t>(head) * g.head_bytes(), step.pages + step.page_offsets[seq],
                          g.page_tokens, g.page_bytes(), g.row_bytes(), nullptr, 0, 0};
    std::vector<float> parts(blocks[head].size() * part_floats), weights;
    std::vector<const void*> rows;
    float* part = parts.data();
    for (const BlockRange& block : blocks[head]) {
      const int32_t count = block.last - block.first;
      const int32_t padded = (count + kRowPadding - 1) / kRowPadding * kRowPadding;
      rows.resize(static_cast<size_t>(padded));
      weights.resize(static_cast<size_t>(padded) * group);
      list_key_rows(keys, block.first, block.last, kRowPadding, rows.data());
      DecodeArgs a{};
      a.q = q + static_cast<int64_t>(head) * group * row_dim, a.k_rows = rows.data(), a.v_offset = g.value_offset();
      a.count = count, a.group = group, a.row_dim = row_dim, a.half = g.dtype == KvDtype::kF16;
      a.weights = weights.data(), a.stride = padded;
      a.out = part, a.max = part + static_cast<int64_t>(group) * row_dim, a.sum = a.max + group;
      kernels.decode_part(a);
      part += part_floats;
    }
    kernels.merge_parts({parts.data(), static_cast<int32_t>(blocks[head].size()), group, g.head_dim, row_dim,
                         params.out + static_cast<int64_t>(head) * group * g.head_dim});
  });
}

}  // namespace reference
}  // namespace contexture
