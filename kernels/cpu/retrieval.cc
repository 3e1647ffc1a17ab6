// Appends keys and makes selections; an item is one list of one row, so a row's result depends on nothing else.
#include "contexture/retrieval.h"

#include <algorithm>
#include <cmath>

#include "cpu/dispatch.h"
#include "cpu/run_items.h"
#include "cpu/thread_scratch.h"

namespace contexture {
namespace {

constexpr int64_t kAppendRows = 8;       // rows of an append item
constexpr int64_t kInlineWork = 100000;  // multiply-adds that are faster on the calling thread
constexpr int64_t kScoreMargin = 32;     // scores around a list's positions that kernels may write
constexpr float kLog2E = 1.44269504f;

SelectionScratch& selection_scratch() {
  thread_local SelectionScratch scratch;
  return scratch;
}

int64_t rounded(int64_t floats) { return (floats + 15) / 16 * 16; }

// Weights of a row's middle positions by one list.
class ListWeights {
 public:
  ListWeights(const ScoreAndSelect& args, const KernelTable& kernels, int32_t row, int32_t list)
      : a_(args),
        g_(args.geometry),
        kernels_(kernels),
        row_(row),
        list_(list),
        first_(args.select.rules[row].middle_first(args.select.positions[row])),
        last_(args.select.rules[row].middle_last(args.select.positions[row])),
        stride_(rounded(last_ + kScoreMargin)) {
    const int64_t heads = g_.heads_per_list(), packed = packed_query_bytes(g_.row_dim()) / sizeof(float);
    constexpr int64_t kSteps = sizeof(QuerySteps) / sizeof(float);
    scores_ = thread_scratch(heads * (stride_ + packed + kSteps) + 2 * stride_);
    weights_ = scores_ + heads * stride_;
    of_one_query_ = weights_ + stride_;
    q_ = reinterpret_cast<int8_t*>(of_one_query_ + stride_);
    q_steps_ = reinterpret_cast<QuerySteps*>(of_one_query_ + stride_ + heads * packed);
  }

  PositionWeights compute() {
    const SelectRows& s = a_.select;
    const int32_t begin = s.query_offsets[row_], end = s.query_offsets[row_ + 1];
    float total = weigh(begin, weights_);
    if (end - begin == 1) return {weights_, total};
    for (int32_t query = begin + 1; query < end; ++query) {
      weigh(query, of_one_query_);
      for (int32_t i = 0; i < last_ - first_; ++i) weights_[i] = std::max(weights_[i], of_one_query_[i]);
    }
    total = 0;
    for (int32_t i = 0; i < last_ - first_; ++i) total += weights_[i];
    return {weights_, total};
  }

 private:
  float weigh(int32_t query, float* weights) {
    const SelectRows& s = a_.select;
    const int32_t heads = g_.heads_per_list(), row_dim = g_.row_dim();
    const float* q = a_.queries +
                     (static_cast<int64_t>(query) * g_.groups * g_.query_heads + list_ * heads) * g_.head_dim;
    const int64_t angle = static_cast<int64_t>(s.query_positions[query]) * (g_.head_dim / 2);
    const float scale = kLog2E / std::sqrt(static_cast<float>(g_.head_dim));
    for (int32_t h = 0; h < heads; ++h)
      q_steps_[h] = kernels_.pack_query(q + h * g_.head_dim, a_.rope_cos + angle, a_.rope_sin + angle, scale,
                                        g_.head_dim, row_dim, q_ + h * packed_query_bytes(row_dim));

    ScoreArgs score{};
    score.q = q_, score.q_steps = q_steps_;
    score.base = static_cast<const char*>(a_.pool) + list_ * g_.list_bytes();
    score.pages = s.pages + s.page_offsets[row_], score.first = first_, score.last = last_;
    score.heads = heads, score.row_dim = row_dim, score.page_tokens = g_.page_tokens;
    score.page_bytes = g_.page_bytes(), score.scales_offset = g_.scales_offset();
    score.scores = scores_, score.stride = stride_;
    kernels_.score_keys(score);

    WeighArgs weigh{};
    weigh.scores = scores_ + first_, weigh.stride = stride_, weigh.count = last_ - first_, weigh.heads = heads;
    weigh.mean = s.rules[row_].heads == SelectionRule::kMeanOfHeads, weigh.weights = weights;
    kernels_.weigh_positions(weigh);
    return weigh.total;
  }

  const ScoreAndSelect& a_;
  const RetrievalGeometry& g_;
  const KernelTable& kernels_;
  const int32_t row_, list_, first_, last_;
  const int64_t stride_;
  float *scores_, *weights_, *of_one_query_;
  int8_t* q_;
  QuerySteps* q_steps_;
};

void select_list(const ScoreAndSelect& a, Isa isa, int32_t row, int32_t list) {
  const SelectRows& s = a.select;
  const PositionWeights weights = ListWeights(a, kernels_for(isa), row, list).compute();
  const BlockEnds blocks{s.block_ends + s.block_offsets[row], s.block_offsets[row + 1] - s.block_offsets[row]};
  const int64_t out = static_cast<int64_t>(row) * a.geometry.lists() + list;
  a.counts[out] = select_positions(s.rules[row], s.positions[row], weights, blocks, selection_scratch(), isa,
                                   a.chosen + out * a.stride, a.mass + out);
}

}  // namespace

void append_keys(const AppendKeys& args, const Execution& execution) {
  const RetrievalGeometry& g = args.geometry;
  const KernelTable& kernels = kernels_for(execution.isa);
  AppendKeyArgs a{};
  a.keys = args.keys, a.positions = args.positions, a.slots = args.slots;
  a.rope_cos = args.rope_cos, a.rope_sin = args.rope_sin, a.pool = static_cast<char*>(args.pool);
  a.lists = g.lists(), a.head_dim = g.head_dim, a.row_dim = g.row_dim(), a.page_tokens = g.page_tokens;
  a.page_bytes = g.page_bytes(), a.list_bytes = g.list_bytes(), a.scales_offset = g.scales_offset();
  const int64_t items = (args.rows + kAppendRows - 1) / kAppendRows;
  const bool inline_run = args.rows * g.lists() * g.row_dim() * 8 <= kInlineWork;
  run_items(execution.parallel, inline_run, static_cast<size_t>(items), [&](size_t i) {
    const int64_t first = static_cast<int64_t>(i) * kAppendRows;
    kernels.append_key_rows(a, first, std::min(args.rows, first + kAppendRows));
  });
}

void score_and_select(const ScoreAndSelect& args, const Execution& execution) {
  const RetrievalGeometry& g = args.geometry;
  int64_t work = 0;
  for (int32_t r = 0; r < args.select.rows; ++r)
    work += static_cast<int64_t>(args.select.positions[r]) * g.groups * g.query_heads * g.row_dim() *
            (args.select.query_offsets[r + 1] - args.select.query_offsets[r]);
  const auto items = static_cast<size_t>(args.select.rows) * g.lists();
  run_items(execution.parallel, work <= kInlineWork, items, [&](size_t i) {
    select_list(args, execution.isa, static_cast<int32_t>(i / g.lists()), static_cast<int32_t>(i % g.lists()));
  });
}

}  // namespace contexture
