#include "contexture/selection.h"

#include <algorithm>
#include <cstring>

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

// Appends the indices of the `count` largest of weights[first, last), in no order. Counting bins first leaves only the
// border's own bin to be sorted.
void append_largest(const float* weights, int32_t first, int32_t last, int32_t count, std::vector<int32_t>& out) {
  if (count >= last - first) {
    for (int32_t i = first; i < last; ++i) out.push_back(i);
    return;
  }
  int32_t bins[kBins] = {};
  for (int32_t i = first; i < last; ++i) ++bins[bin_of(weights[i])];
  int32_t above = 0;
  uint32_t border = kBins - 1;
  while (above + bins[border] < count) above += bins[border--];
  const size_t begin = out.size();
  out.resize(begin + static_cast<size_t>(above) + bins[border]);
  int32_t* sure = out.data() + begin;
  int32_t* open = sure + above;
  for (int32_t i = first; i < last; ++i) {
    const uint32_t bin = bin_of(weights[i]);
    if (bin > border) *sure++ = i;
    else if (bin == border) *open++ = i;
  }
  const auto border_begin = out.begin() + static_cast<int64_t>(begin) + above;
  const auto border_end = border_begin + (count - above);
  std::nth_element(border_begin, border_end, out.end(), [&](int32_t a, int32_t b) {
    return weights[a] > weights[b] || (weights[a] == weights[b] && a < b);
  });
  out.resize(begin + static_cast<size_t>(count));
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

}  // namespace

int32_t select_positions(const SelectionRule& rule, int32_t position, const float* weights, const int32_t* block_ends,
                         int32_t block_count, SelectionScratch& scratch, int32_t* out, float* mass) {
  const int32_t first = rule.middle_first(position), last = rule.middle_last(position);
  const int32_t room = rule.budget - rule.sink - rule.recent;
  std::vector<int32_t>& chosen = scratch.candidates;  // indices into weights
  chosen.clear();
  if (room >= last - first) {
    for (int32_t i = 0; i < last - first; ++i) chosen.push_back(i);
  } else if (rule.unit == SelectionRule::kTokens) {
    append_largest(weights, 0, last - first, room, chosen);
    std::sort(chosen.begin(), chosen.end());
  } else {
    rank_blocks(rule, first, last, weights, block_ends, block_count, scratch.blocks);
    const bool whole = rule.unit == SelectionRule::kBlocks;
    keep_fitting(scratch.blocks, whole ? room : std::max(rule.residency, rule.budget) - rule.sink - rule.recent);
    for (const SelectionScratch::Block& block : scratch.blocks)
      for (int32_t p = block.first; p < block.last; ++p) chosen.push_back(p - first);
    if (!whole && static_cast<int32_t>(chosen.size()) > room) {
      const auto border = chosen.begin() + room;
      std::nth_element(chosen.begin(), border, chosen.end(), [&](int32_t a, int32_t b) {
        return weights[a] > weights[b] || (weights[a] == weights[b] && a < b);
      });
      chosen.erase(border, chosen.end());
      std::sort(chosen.begin(), chosen.end());
    }
  }
  int32_t count = 0;
  for (int32_t p = 0; p < first; ++p) out[count++] = p;
  double held = 0, total = 0;
  for (const int32_t i : chosen) {
    out[count++] = first + i;
    held += weights[i];
  }
  for (int32_t p = last; p <= position; ++p) out[count++] = p;
  for (int32_t i = 0; i < last - first; ++i) total += weights[i];
  *mass = total > 0 ? static_cast<float>(held / total) : 1.0f;
  return count;
}

}  // namespace contexture
