#include "contexture/selection.h"

#include <algorithm>

#include "cpu/dispatch.h"

namespace contexture {
namespace {

float pooled(const float* weights, int32_t count, int32_t pooling) {
  float sum = 0, top = 0;
  for (int32_t i = 0; i < count; ++i) {
    sum += weights[i];
    top = std::max(top, weights[i]);
  }
  if (pooling == SelectionRule::kMax) return top;
  return pooling == SelectionRule::kMean ? sum / static_cast<float>(count) : sum;
}

// The blocks' parts of [first, last), best first.
void rank_blocks(const SelectionRule& rule, int32_t first, int32_t last, const float* weights, const int32_t* ends,
                 int32_t end_count, std::vector<SelectionScratch::Block>& blocks) {
  blocks.clear();
  const int32_t* end = std::upper_bound(ends, ends + end_count, first);
  for (int32_t begin = first; begin < last;) {
    const int32_t block_last = end < ends + end_count ? std::min(*end++, last) : last;
    blocks.push_back({begin, block_last, pooled(weights + (begin - first), block_last - begin, rule.pooling)});
    begin = block_last;
  }
  std::sort(blocks.begin(), blocks.end(), [](const auto& a, const auto& b) {
    return a.score > b.score || (a.score == b.score && a.first < b.first);
  });
}

// Keeps the best blocks that fit into `room` positions, in the order of their positions.
void keep_fitting(std::vector<SelectionScratch::Block>& blocks, int32_t room) {
  const auto kept = std::remove_if(blocks.begin(), blocks.end(), [&room](const auto& block) {
    const int32_t length = block.last - block.first;
    if (length > room) return true;
    room -= length;
    return false;
  });
  blocks.erase(kept, blocks.end());
  std::sort(blocks.begin(), blocks.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
}

// The `room` best of what is resident, in the order of their positions.
void keep_largest(const KernelTable& kernels, const float* weights, int32_t room, SelectionScratch& scratch) {
  scratch.resident.clear();
  for (const int32_t i : scratch.chosen) scratch.resident.push_back(weights[i]);
  scratch.indices.resize(static_cast<size_t>(room));
  kernels.largest(scratch.resident.data(), static_cast<int32_t>(scratch.resident.size()), room, scratch.indices.data());
  for (int32_t i = 0; i < room; ++i) scratch.chosen[i] = scratch.chosen[scratch.indices[i]];
  scratch.chosen.resize(static_cast<size_t>(room));
}

}  // namespace

int32_t select_positions(const SelectionRule& rule, int32_t position, const PositionWeights& weights,
                         const BlockEnds& blocks, SelectionScratch& scratch, Isa isa, int32_t* out, float* mass) {
  const KernelTable& kernels = kernels_for(isa);
  const int32_t first = rule.middle_first(position), last = rule.middle_last(position);
  const int32_t room = rule.budget - rule.sink - rule.recent;
  std::vector<int32_t>& chosen = scratch.chosen;
  chosen.clear();
  if (room >= last - first) {
    for (int32_t i = 0; i < last - first; ++i) chosen.push_back(i);
  } else if (rule.unit == SelectionRule::kTokens) {
    chosen.resize(static_cast<size_t>(room));
    kernels.largest(weights.values, last - first, room, chosen.data());
  } else {
    rank_blocks(rule, first, last, weights.values, blocks.ends, blocks.count, scratch.blocks);
    const bool whole = rule.unit == SelectionRule::kBlocks;
    keep_fitting(scratch.blocks, whole ? room : std::max(rule.residency, rule.budget) - rule.sink - rule.recent);
    for (const SelectionScratch::Block& block : scratch.blocks)
      for (int32_t p = block.first; p < block.last; ++p) chosen.push_back(p - first);
    if (static_cast<int32_t>(chosen.size()) > room) keep_largest(kernels, weights.values, room, scratch);
  }
  int32_t count = 0;
  for (int32_t p = 0; p < first; ++p) out[count++] = p;
  float held = 0;
  for (const int32_t i : chosen) {
    out[count++] = first + i;
    held += weights.values[i];
  }
  for (int32_t p = last; p <= position; ++p) out[count++] = p;
  *mass = weights.total > 0 ? std::min(1.0f, held / weights.total) : 1.0f;
  return count;
}

}  // namespace contexture
