#include "contexture/selection.h"

#include <algorithm>
#include <cstring>

#include "cpu/dispatch.h"

namespace contexture {
namespace {

constexpr int32_t kBinBits = 12;  // sign, exponent and three bits of the fraction of a float
constexpr int32_t kBins = 1 << kBinBits;

// Weights are not negative, so their bits ascend with them.
inline uint32_t bin_of(float weight) {
  uint32_t bits;
  std::memcpy(&bits, &weight, sizeof bits);
  return bits >> (32 - kBinBits);
}

float pooled(const float* weights, int32_t count, int32_t pooling) {
  float sum = 0, top = 0;
  for (int32_t i = 0; i < count; ++i) {
    sum += weights[i];
    top = std::max(top, weights[i]);
  }
  if (pooling == SelectionRule::kMax) return top;
  return pooling == SelectionRule::kMean ? sum / static_cast<float>(count) : sum;
}

constexpr std::ptrdiff_t kSortedBlocks = 64;  // that are put in order at once

int32_t length_of(const SelectionScratch::Block& block) { return block.last - block.first; }

struct IsBetter {
  bool operator()(const SelectionScratch::Block& a, const SelectionScratch::Block& b) const {
    return a.score > b.score || (a.score == b.score && a.first < b.first);
  }
};

// The blocks' parts of [first, last); score(block, begin, end) is that of a part.
template <class Score>
void list_blocks(int32_t first, int32_t last, const int32_t* ends, int32_t end_count, const Score& score,
                 std::vector<SelectionScratch::Block>& blocks) {
  const int32_t* end = std::upper_bound(ends, ends + end_count, first);
  blocks.resize(static_cast<size_t>(ends + end_count - end) + 1);  // filled in place: a copy of a part costs a stall
  size_t count = 0;
  for (int32_t begin = first; begin < last; ++end, ++count) {
    SelectionScratch::Block& block = blocks[count];
    block.first = begin;
    block.last = end < ends + end_count ? std::min(*end, last) : last;
    block.score = score(end - ends, begin, block.last);
    begin = block.last;
  }
  blocks.resize(count);
}

constexpr uint32_t kWeightBins = kBins / 2;  // no weight has a sign, but for a zero

uint32_t bin_of(const SelectionScratch::Block& block) { return bin_of(block.score) % kWeightBins; }

// Puts those blocks first that are kept for sure, as all that are as good fit into `room` positions, and behind them
// the bin of scores that does not fit whole.
struct Parts {
  std::vector<SelectionScratch::Block>::iterator sure, border;  // their ends
};
Parts part_by_score(std::vector<SelectionScratch::Block>& blocks, int32_t room) {
  int32_t lengths[kWeightBins] = {};
  for (const auto& block : blocks) lengths[bin_of(block)] += length_of(block);
  uint32_t border = kWeightBins - 1;
  for (int32_t above = 0; border > 0 && above + lengths[border] <= room;) above += lengths[border--];
  const auto sure =
      std::partition(blocks.begin(), blocks.end(), [border](const auto& block) { return bin_of(block) > border; });
  return {sure, std::partition(sure, blocks.end(), [border](const auto& block) { return bin_of(block) == border; })};
}

// Leaves the best blocks that fit into `room` positions, by position: whole ones as long as there are any that fit, or,
// if they may be cut, the front of the last one.
void keep_best(std::vector<SelectionScratch::Block>& blocks, int32_t room, bool whole) {
  const Parts parts = part_by_score(blocks, room);
  for (auto block = blocks.begin(); block != parts.sure; ++block) room -= length_of(*block);
  auto kept = parts.sure, next = parts.sure, sorted = parts.border, last = blocks.end();
  std::sort(next, sorted, IsBetter());
  for (; room > 0; ++next) {
    if (next == sorted) {
      if (whole) last = std::partition(next, last, [room](const auto& block) { return length_of(block) <= room; });
      if (next == last) break;
      sorted = last - next > kSortedBlocks ? next + kSortedBlocks : last;
      if (sorted != last) std::nth_element(next, sorted, last, IsBetter());
      std::sort(next, sorted, IsBetter());
    }
    SelectionScratch::Block block = *next;
    if (length_of(block) > room) {
      if (whole) continue;
      block.last = block.first + room;
    }
    room -= length_of(block);
    *kept++ = block;
  }
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
    const auto score = [&](int64_t, int32_t begin, int32_t end) {
      return pooled(weights.values + (begin - first), end - begin, rule.pooling);
    };
    list_blocks(first, last, blocks.ends, blocks.count, score, scratch.blocks);
    const bool whole = rule.unit == SelectionRule::kBlocks;
    keep_best(scratch.blocks, whole ? room : std::max(rule.residency, rule.budget) - rule.sink - rule.recent, true);
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

int32_t select_blocks(const SelectionRule& rule, int32_t position, const float* weights, const int32_t* block_ends,
                      int32_t block_count, SelectionScratch& scratch, int32_t* out, float* mass) {
  const int32_t first = rule.middle_first(position), middle_last = rule.middle_last(position);
  int32_t room = std::min(rule.budget - rule.sink - rule.recent, middle_last - first);
  const int32_t described = std::min(middle_last, std::max(first, block_count > 0 ? block_ends[block_count - 1] : 0));
  const int32_t last = middle_last - std::min(middle_last - described, room);  // the recent window's new begin
  room -= middle_last - last;

  std::vector<SelectionScratch::Block>& blocks = scratch.blocks;
  const auto weight = [weights](int64_t block, int32_t, int32_t) { return weights[block]; };
  list_blocks(first, described, block_ends, block_count, weight, blocks);
  double held = 0, total = 0;
  for (const SelectionScratch::Block& b : blocks) total += static_cast<double>(b.score) * (b.last - b.first);
  const int32_t resident = std::max(rule.residency, rule.budget) - rule.budget + room;
  if (rule.unit != SelectionRule::kTokens)
    keep_best(blocks, rule.unit == SelectionRule::kBlocks ? room : resident, true);
  if (rule.unit != SelectionRule::kBlocks) keep_best(blocks, room, false);

  int32_t count = 0;
  for (int32_t p = 0; p < first; ++p) out[count++] = p;
  for (const SelectionScratch::Block& b : blocks) {
    held += static_cast<double>(b.score) * (b.last - b.first);
    for (int32_t p = b.first; p < b.last; ++p) out[count++] = p;
  }
  for (int32_t p = last; p <= position; ++p) out[count++] = p;
  *mass = total > 0 ? static_cast<float>(held / total) : 1.0f;
  return count;
}

}  // namespace contexture
