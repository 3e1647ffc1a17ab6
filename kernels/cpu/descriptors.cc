// Describes pieces, an item being one list, and makes selections, an item being one list of one row: so a row's result
// depends on nothing else.
#include "contexture/descriptors.h"

#include <algorithm>
#include <vector>

#include "cpu/dispatch.h"
#include "cpu/run_items.h"
#include "cpu/thread_scratch.h"

namespace contexture {
namespace {

constexpr int64_t kInlineWork = 100000;  // multiply-adds that are faster on the calling thread

int64_t rounded(int64_t floats) { return (floats + 15) / 16 * 16; }

void describe_list(const DescribePieces& a, const KernelTable& kernels, int32_t list) {
  thread_local std::vector<const void*> rows;
  const DescriptorGeometry& g = a.geometry;
  const PoolGeometry& k = a.keys;
  const char* base = static_cast<const char*>(a.pool) + list / g.kv_heads * k.layer_bytes() +
                     list % g.kv_heads * k.head_bytes();
  const KeyRows keys{base, a.pages, k.page_tokens, k.page_bytes(), k.row_bytes(), nullptr, 0, 0};
  DescribeArgs d{};
  d.row_dim = g.row_dim(), d.half = k.dtype == KvDtype::kF16, d.min_max = g.kind == DescriptorKind::kMinMax;
  for (int32_t piece = a.first_piece; piece < a.last_piece; ++piece) {
    const int32_t first = piece == 0 ? 0 : a.piece_ends[piece - 1], last = a.piece_ends[piece];
    if (rows.size() < static_cast<size_t>(last - first)) rows.resize(static_cast<size_t>(last - first));
    list_key_rows(keys, first, last, 1, rows.data());
    char* part = static_cast<char*>(a.store) + a.chunks[piece / kChunkPieces] * g.chunk_bytes() + list * g.list_bytes();
    d.rows = rows.data(), d.count = last - first;
    d.out = reinterpret_cast<uint16_t*>(part) + static_cast<int64_t>(piece % kChunkPieces) * g.width();
    kernels.describe_piece(d);
  }
}

// Against [largest | smallest] the query splits into what is positive and what is negative.
void widen_query(const DescriptorGeometry& g, const float* query, float* out) {
  const int32_t row_dim = g.row_dim();
  const bool split = g.kind == DescriptorKind::kMinMax;
  std::fill(out, out + g.width(), 0.0f);
  for (int32_t i = 0; i < g.head_dim; ++i) out[split && query[i] < 0 ? row_dim + i : i] = query[i];
}

// One (row, group, KV head).
class ListSelection {
 public:
  ListSelection(const SelectByDescriptors& args, const KernelTable& kernels, int32_t row, int32_t list)
      : a_(args),
        g_(args.geometry),
        row_(args.rows[row]),
        kernels_(kernels),
        group_(list / g_.kv_heads),
        kv_head_(list % g_.kv_heads),
        out_((static_cast<int64_t>(row) * g_.groups) * g_.kv_heads + list),
        pieces_(row_.blocks == 0 ? 0 : row_.block_piece_ends[row_.blocks - 1]),
        stride_(rounded(pieces_)) {}

  void run() const {
    a_.counts[out_] = 0, a_.mass[out_] = 0.0f;
    if (row_.blocks == 0) return;
    const int32_t heads = g_.heads_per_list();
    float* q = thread_scratch(heads * (g_.width() + stride_) + 2 * stride_);
    float* scores = q + static_cast<int64_t>(heads) * g_.width();
    float* weights = scores + heads * stride_;
    float* largest = weights + stride_;
    std::fill(largest, largest + row_.blocks, 0.0f);
    for (int32_t layer = 0; layer < g_.layers; ++layer) {
      if (g_.group_of_layer(layer) != group_) continue;
      weigh(layer, q, scores, weights);
      for (int32_t b = 0; b < row_.blocks; ++b) largest[b] = std::max(largest[b], weights[b]);
    }
    thread_local SelectionScratch scratch;
    a_.counts[out_] = select_blocks(row_.rule, row_.position, largest, row_.block_ends, row_.blocks, scratch,
                                    a_.chosen + out_ * a_.stride, a_.mass + out_);
  }

 private:
  void weigh(int32_t layer, float* q, float* scores, float* weights) const {
    const int32_t heads = g_.heads_per_list();
    const float* query = row_.queries + (static_cast<int64_t>(layer) * g_.query_heads + kv_head_ * heads) * g_.head_dim;
    for (int32_t h = 0; h < heads; ++h)
      widen_query(g_, query + static_cast<int64_t>(h) * g_.head_dim, q + static_cast<int64_t>(h) * g_.width());

    ScorePieceArgs score{};
    score.q = q, score.chunks = row_.chunks, score.chunk_bytes = g_.chunk_bytes(), score.chunk_pieces = kChunkPieces;
    score.base = static_cast<const char*>(a_.store) + (layer * g_.kv_heads + kv_head_) * g_.list_bytes();
    score.pieces = pieces_, score.heads = heads, score.width = g_.width();
    score.scores = scores, score.stride = stride_;
    kernels_.score_pieces(score);
    for (int32_t h = 0; h < heads; ++h) join_pieces(scores + h * stride_);

    WeighArgs weigh{};
    weigh.scores = scores, weigh.stride = stride_, weigh.count = row_.blocks, weigh.heads = heads;
    weigh.mean = row_.rule.heads == SelectionRule::kMeanOfHeads, weigh.weights = weights;
    kernels_.weigh_positions(weigh);
  }

  // Scores of pieces become those of blocks, in place: a block has a piece at least. What the layer's window hides does
  // not count.
  void join_pieces(float* scores) const {
    const int32_t seen = g_.window > 0 ? row_.position - g_.window + 1 : 0;
    int32_t piece = 0;
    for (int32_t b = 0; b < row_.blocks; ++b) {
      float best = scores[piece++];
      for (; piece < row_.block_piece_ends[b]; ++piece) best = std::max(best, scores[piece]);
      scores[b] = row_.block_ends[b] > seen ? best : -__builtin_inff();
    }
  }

  const SelectByDescriptors& a_;
  const DescriptorGeometry& g_;
  const DescribedRow& row_;
  const KernelTable& kernels_;
  const int32_t group_, kv_head_;
  const int64_t out_;
  const int32_t pieces_;
  const int64_t stride_;
};

}  // namespace

void describe_pieces(const DescribePieces& args, const Execution& execution) {
  const KernelTable& kernels = kernels_for(execution.isa);
  const int64_t work = static_cast<int64_t>(args.last_piece - args.first_piece) * kPieceTokens * args.geometry.lists() *
                       args.geometry.row_dim();
  run_items(execution.parallel, work <= kInlineWork, static_cast<size_t>(args.geometry.lists()),
            [&](size_t list) { describe_list(args, kernels, static_cast<int32_t>(list)); });
}

void select_by_descriptors(const SelectByDescriptors& args, const Execution& execution) {
  const DescriptorGeometry& g = args.geometry;
  const KernelTable& kernels = kernels_for(execution.isa);
  const int32_t lists = g.groups * g.kv_heads;
  int64_t work = 0;
  for (int32_t r = 0; r < args.row_count; ++r)
    work += static_cast<int64_t>(args.rows[r].blocks) * g.layers * g.query_heads * g.width();
  run_items(execution.parallel, work <= kInlineWork, static_cast<size_t>(args.row_count) * lists, [&](size_t i) {
    ListSelection(args, kernels, static_cast<int32_t>(i / lists), static_cast<int32_t>(i % lists)).run();
  });
}

}  // namespace contexture
