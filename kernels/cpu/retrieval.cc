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

void select_list(const ScoreAndSelect& a, Isa isa, int32_t row, int32_t list) {
  const KernelTable& kernels = kernels_for(isa);
  const RetrievalGeometry& g = a.geometry;
  const SelectRows& s = a.select;
  const SelectionRule& rule = s.rules[row];
  const int32_t position = s.positions[row];
  const int32_t first = rule.middle_first(position), last = rule.middle_last(position);
  const int32_t heads = g.heads_per_list(), row_dim = g.row_dim();
  const int64_t stride = rounded(last + kScoreMargin);

  const int64_t packed = packed_query_values(row_dim) / 2;  // in floats
  float* scores = thread_scratch(heads * (stride + packed + 1) + stride);
  float* weights = scores + heads * stride;
  auto* q = reinterpret_cast<int16_t*>(weights + stride);
  float* q_scales = weights + stride + heads * packed;
  const float* query = a.queries + (static_cast<int64_t>(row) * g.groups * g.query_heads + list * heads) * g.head_dim;
  const int64_t angle = static_cast<int64_t>(position) * (g.head_dim / 2);
  const float scale = kLog2E / std::sqrt(static_cast<float>(g.head_dim));
  for (int32_t h = 0; h < heads; ++h)
    q_scales[h] = kernels.pack_query(query + h * g.head_dim, a.rope_cos + angle, a.rope_sin + angle, scale, g.head_dim,
                                     row_dim, q + h * packed_query_values(row_dim));

  ScoreArgs score{};
  score.q = q, score.q_scales = q_scales, score.base = static_cast<const char*>(a.pool) + list * g.list_bytes();
  score.pages = s.pages + s.page_offsets[row], score.first = first, score.last = last;
  score.heads = heads, score.row_dim = row_dim, score.page_tokens = g.page_tokens;
  score.page_bytes = g.page_bytes(), score.scales_offset = g.scales_offset();
  score.scores = scores, score.stride = stride;
  kernels.score_keys(score);

  WeighArgs weigh{};
  weigh.scores = scores + first, weigh.stride = stride, weigh.count = last - first;
  weigh.heads = heads, weigh.mean = rule.heads == SelectionRule::kMeanOfHeads, weigh.weights = weights;
  kernels.weigh_positions(weigh);

  const int64_t out = static_cast<int64_t>(row) * g.lists() + list;
  const BlockEnds blocks{s.block_ends + s.block_offsets[row], s.block_offsets[row + 1] - s.block_offsets[row]};
  a.counts[out] = select_positions(rule, position, {weights, weigh.total}, blocks, selection_scratch(), isa,
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
    work += static_cast<int64_t>(args.select.positions[r]) * g.groups * g.query_heads * g.row_dim();
  const auto items = static_cast<size_t>(args.select.rows) * g.lists();
  run_items(execution.parallel, work <= kInlineWork, items, [&](size_t i) {
    select_list(args, execution.isa, static_cast<int32_t>(i / g.lists()), static_cast<int32_t>(i % g.lists()));
  });
}

}  // namespace contexture
