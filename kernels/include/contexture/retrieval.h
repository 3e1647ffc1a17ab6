// The retrieval head's keys, scored for a step's rows before the model runs (SpeContext, arXiv 2512.00722).
//
//   pool   [page][list][token in page / 8][row_dim / 8][8 tokens][4 bytes], a byte with the values i and i + 4 of eight in
//          its low and its high half, and behind each list's keys their scales [token in page] f32
//   list   one (layer group, KV head): its keys decide what that head attends to in all layers of the group
//   key    head_dim rotated values, rounded to 7 steps of the largest magnitude and kept as 1 to 15; row_dim as in the
//          KV pool
//
// Scores read every key once, and memory bounds them: a key of 4 bits costs half of one of 8. Eight keys lie interleaved:
// one instruction then multiplies the same values of a query with all of them, and no sum runs across a vector. Pages are
// those of the KV pool, so a page table serves both.
// Nothing is ever pruned here.
#pragma once

#include <cstdint>
#include <vector>

#include "contexture/execution.h"
#include "contexture/selection.h"

namespace contexture {

struct RetrievalGeometry {
  int32_t groups = 0;
  int32_t kv_heads = 0;     // per group
  int32_t query_heads = 0;  // per group, a multiple of kv_heads
  int32_t head_dim = 0;
  int32_t page_tokens = 0;
  int32_t pages = 0;

  int32_t lists() const { return groups * kv_heads; }
  int32_t heads_per_list() const { return query_heads / kv_heads; }
  int32_t row_dim() const { return (head_dim + 15) / 16 * 16; }
  // In a list's part of a page.
  int64_t scales_offset() const { return static_cast<int64_t>(page_tokens) * row_dim() / 2; }
  // Of the four bytes with a key's values [8 eight, 8 eight + 8).
  int64_t values_offset(int32_t token, int32_t eight) const {
    return token / 8 * 4 * static_cast<int64_t>(row_dim()) + 32 * eight + 4 * (token % 8);
  }
  int64_t list_bytes() const { return scales_offset() + page_tokens * static_cast<int64_t>(sizeof(float)); }
  int64_t page_bytes() const { return lists() * list_bytes(); }
  int64_t pool_bytes() const { return pages * page_bytes(); }
};

// Rotates and rounds the keys of some rows and puts each into its slot.
struct AppendKeys {
  RetrievalGeometry geometry;
  void* pool = nullptr;
  const float* keys = nullptr;         // [rows, lists * head_dim]
  const int32_t* positions = nullptr;  // [rows]
  const int64_t* slots = nullptr;      // [rows]
  const float* rope_cos = nullptr;     // [positions, head_dim / 2]
  const float* rope_sin = nullptr;     // [positions, head_dim / 2]
  int64_t rows = 0;
};
void append_keys(const AppendKeys& args, const Execution& execution);

// One row per sequence that wants a selection, for one query or for several: a position then weighs what it weighs to the
// query that wants it most. Row r's sequence lies on pages[page_offsets[r] .. page_offsets[r + 1]) and its blocks end at
// block_ends[block_offsets[r] .. block_offsets[r + 1]).
struct SelectRows {
  int32_t rows = 0;
  const int32_t* positions = nullptr;        // [rows]: the last position of what is chosen from, always selected
  const int32_t* query_offsets = nullptr;    // [rows + 1]
  const int32_t* query_positions = nullptr;  // of each query, at least its row's position
  const int32_t* page_offsets = nullptr;     // [rows + 1]
  const int32_t* pages = nullptr;
  const SelectionRule* rules = nullptr;      // [rows]
  const int32_t* block_offsets = nullptr;    // [rows + 1]
  const int32_t* block_ends = nullptr;       // ascending within a row
};

struct ScoreAndSelect {
  RetrievalGeometry geometry;
  const void* pool = nullptr;
  SelectRows select;
  const float* queries = nullptr;   // [query_offsets[rows], groups * query_heads * head_dim], not yet rotated
  const float* rope_cos = nullptr;  // [positions, head_dim / 2]
  const float* rope_sin = nullptr;  // [positions, head_dim / 2]
  int32_t stride = 0;               // at least what each rule can select
  int32_t* counts = nullptr;        // [rows, lists] out
  int32_t* chosen = nullptr;        // [rows, lists, stride] out: positions, ascending
  float* mass = nullptr;            // [rows, lists] out: share of the weights of all positions that those chosen hold
};

// Per list: scores of its query heads over the keys between sink and recent window, a softmax per head, one weight per
// position out of the heads', and the selection by the rule. A row's result does not depend on the other rows.
void score_and_select(const ScoreAndSelect& args, const Execution& execution);

}  // namespace contexture
