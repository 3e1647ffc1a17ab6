// From weights to positions: the rule by which a row's budget is spent.
#pragma once

#include <cstdint>
#include <vector>

#include "contexture/execution.h"

namespace contexture {

// As it crosses the C interface: eight ints.
struct SelectionRule {
  enum Unit : int32_t { kTokens = 0, kBlocks = 1, kTwoLevel = 2 };
  enum Heads : int32_t { kMaxOfHeads = 0, kMeanOfHeads = 1 };
  enum Pooling : int32_t { kSum = 0, kMax = 1, kMean = 2 };

  int32_t unit = kTokens;
  int32_t budget = 0;     // most positions in all, sink and recent included
  int32_t sink = 0;       // first positions, always selected
  int32_t recent = 0;     // last positions, the row's own included, always selected
  int32_t residency = 0;  // two-level: most positions in the blocks out of which tokens are chosen
  int32_t heads = kMaxOfHeads;
  int32_t pooling = kSum;
  int32_t reserved = 0;

  // What lies between sink and recent window of the row at `position`; only this is scored and chosen from.
  constexpr int32_t middle_first(int32_t position) const { return sink < position + 1 ? sink : position + 1; }
  constexpr int32_t middle_last(int32_t position) const {
    const int32_t last = position + 1 - recent;
    return last > middle_first(position) ? last : middle_first(position);
  }
  // Positions that a row selects at the most.
  constexpr int32_t most(int32_t position) const { return budget < position + 1 ? budget : position + 1; }
};

// Buffers of a selection, kept by the caller.
struct SelectionScratch {
  struct Block {
    int32_t first, last;  // positions
    float score;
  };
  std::vector<Block> blocks;
  std::vector<int32_t> chosen;    // indices of the middle
  std::vector<float> resident;    // weights of the resident positions
  std::vector<int32_t> indices;   // of those
};

// The weights of a row's middle positions.
struct PositionWeights {
  const float* values = nullptr;  // of position middle_first + i; not negative, never NaN
  float total = 0;                // their sum
};

// Ends ascend, and what lies behind the last one is one more block.
struct BlockEnds {
  const int32_t* ends = nullptr;
  int32_t count = 0;
};

// Selects for the row at `position`. Writes the selected positions, ascending and ending with the row's own, and returns
// their count: at most rule.most(position). Equal weights are taken from the front. mass: the share of the weights that
// are selected, 1 where all are zero.
// Tokens: those of the largest weight. Blocks: whole blocks in the order of their pooled weight as long as they fit.
// Two-level: tokens out of the blocks that the residency holds.
int32_t select_positions(const SelectionRule& rule, int32_t position, const PositionWeights& weights,
                         const BlockEnds& blocks, SelectionScratch& scratch, Isa isa, int32_t* out, float* mass);

// The same where all positions of a block have the block's weight: weights[b] belongs to the block that ends at
// block_ends[b]. What lies behind the last block has no weight; it is taken as part of the recent window, as far as the
// budget goes, and counts for no mass.
int32_t select_blocks(const SelectionRule& rule, int32_t position, const float* weights, const int32_t* block_ends,
                      int32_t block_count, SelectionScratch& scratch, int32_t* out, float* mass);

}  // namespace contexture
