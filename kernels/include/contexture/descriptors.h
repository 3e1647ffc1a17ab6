// Selection without a trained head: blocks of keys are described once by a few numbers, and the queries of the token
// before tell which blocks the next one will want (Quest, arXiv 2406.10774, with the query of t - 1).
//
//   piece   the tokens that one descriptor stands for. By mean a block is one piece; by smallest and largest key it is
//           cut into pieces of kPieceTokens or fewer, as the bound of a long piece is too high
//   row     of one piece and list: [row_dim] means, or [row_dim] largest and [row_dim] smallest values, f16
//   list    one (layer, KV head)
//   store   [chunk][list][piece in chunk][width]; a sequence's pieces lie on chunks as its tokens lie on pages
#pragma once

#include <cstdint>

#include "contexture/execution.h"
#include "contexture/paged_kv.h"
#include "contexture/selection.h"

namespace contexture {

enum class DescriptorKind : int32_t { kMinMax = 0, kMean = 1 };

constexpr int32_t kPieceTokens = 16;
constexpr int32_t kChunkPieces = 32;

struct DescriptorGeometry {
  DescriptorKind kind = DescriptorKind::kMinMax;
  int32_t layers = 0;
  int32_t kv_heads = 0;
  int32_t query_heads = 0;  // a multiple of kv_heads
  int32_t head_dim = 0;
  int32_t groups = 0;  // layers of a group share a selection
  int32_t window = 0;  // 0: none; else a query at p sees keys in (p - window, p]
  int32_t chunks = 0;

  int32_t lists() const { return layers * kv_heads; }
  int32_t heads_per_list() const { return query_heads / kv_heads; }
  int32_t row_dim() const { return (head_dim + 15) / 16 * 16; }
  int32_t width() const { return kind == DescriptorKind::kMinMax ? 2 * row_dim() : row_dim(); }
  int64_t list_bytes() const { return static_cast<int64_t>(kChunkPieces) * width() * 2; }
  int64_t chunk_bytes() const { return lists() * list_bytes(); }
  int64_t store_bytes() const { return chunks * chunk_bytes(); }
  int64_t query_floats() const { return static_cast<int64_t>(layers) * query_heads * head_dim; }
  int32_t group_of_layer(int32_t layer) const {
    return static_cast<int32_t>(static_cast<int64_t>(layer) * groups / layers);
  }
  // Pieces of a block of this many tokens.
  int32_t pieces_of(int32_t tokens) const {
    return kind == DescriptorKind::kMean ? 1 : (tokens + kPieceTokens - 1) / kPieceTokens;
  }
};

// Describes the pieces [first_piece, last_piece) of one sequence from its keys.
struct DescribePieces {
  DescriptorGeometry geometry;
  void* store = nullptr;
  const int32_t* chunks = nullptr;      // the sequence's
  const int32_t* piece_ends = nullptr;  // [last_piece] positions; the first piece begins at 0
  int32_t first_piece = 0, last_piece = 0;
  PoolGeometry keys;
  const void* pool = nullptr;
  const int32_t* pages = nullptr;  // the sequence's, in logical order
};
void describe_pieces(const DescribePieces& args, const Execution& execution);

// One row that wants a selection. All of its described blocks end at its position or before.
struct DescribedRow {
  SelectionRule rule;
  int32_t position = 0;
  const float* queries = nullptr;  // [layers, query_heads, head_dim] rotated to the position; scores are powers of 2
  const int32_t* chunks = nullptr;
  const int32_t* block_ends = nullptr;        // [blocks] ascending
  const int32_t* block_piece_ends = nullptr;  // [blocks] pieces up to and with each block's
  int32_t blocks = 0;                         // 0: nothing is selected
};

struct SelectByDescriptors {
  DescriptorGeometry geometry;
  const void* store = nullptr;
  const DescribedRow* rows = nullptr;
  int32_t row_count = 0;
  int32_t stride = 0;         // at least what each rule can select
  int32_t* counts = nullptr;  // [rows, groups, kv_heads] out
  int32_t* chosen = nullptr;  // [rows, groups, kv_heads, stride] out: positions, ascending
  float* mass = nullptr;      // [rows, groups, kv_heads] out
};

// Per layer, KV head and query head: a block's score is that of its best piece, and a softmax over the blocks makes it
// a weight; the weights of the query heads become one by the rule, those of a group's layers by their largest. Blocks
// are then selected by select_blocks. A row's result does not depend on the other rows.
void select_by_descriptors(const SelectByDescriptors& args, const Execution& execution);

}  // namespace contexture
