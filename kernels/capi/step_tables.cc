#include "capi/step_tables.h"

#include <algorithm>
#include <limits>

#include "capi/checks.h"
#include "cpu/kernel_table.h"

namespace contexture {
namespace {

const PoolGeometry& checked(const PoolGeometry& g) {
  check_count("layers", g.layers, 1 << 16);
  check_count("kv_heads", g.kv_heads, 1 << 16);
  check_count("pages", g.pages, kMaxPages);
  check_count("head_dim", g.head_dim, kMaxHeadDim);
  if (g.head_dim % 2 != 0) throw InvalidArgument("head_dim is " + text(g.head_dim) + "; it must be even");
  check_page_tokens(g.page_tokens);
  if (g.dtype != KvDtype::kF32 && g.dtype != KvDtype::kF16 && g.dtype != KvDtype::kBf16)
    throw InvalidArgument("dtype is " + text(static_cast<int32_t>(g.dtype)) + "; it must be 0 (f32), 1 (f16) or 2 (bf16)");
  // layer_bytes is at most 2^24 * 2^16 * 2^7 * 2^12 = 2^59.
  if (g.layer_bytes() > kMaxPoolBytes / g.layers)
    throw InvalidArgument("the pool would have more than " + text(kMaxPoolBytes) + " bytes; take fewer pages");
  return g;
}

}  // namespace

StepTables::StepTables(const PoolGeometry& geometry) : geometry_(checked(geometry)) {}

void StepTables::check_step(int32_t num_seqs, const int32_t* query_len, const int32_t* context_len,
                        const int32_t* page_offsets, const int32_t* pages) const {
  check_count("num_seqs", num_seqs, kMaxRows);
  if (query_len == nullptr || context_len == nullptr || page_offsets == nullptr || pages == nullptr)
    throw InvalidArgument("a table of the step is null");
  if (page_offsets[0] < 0) throw InvalidArgument("page_offsets[0] is " + text(page_offsets[0]) + "; it must be >= 0");
  int64_t rows = 0;
  for (int32_t s = 0; s < num_seqs; ++s) {
    const Label sequence("sequence ", s);
    check_count({"sequence ", s, ": query_len"}, query_len[s], kMaxRows);
    if (context_len[s] < 0)
      throw InvalidArgument(sequence + ": context_len is " + text(context_len[s]) + "; it must be >= 0");
    rows += query_len[s];
    const int64_t tokens = static_cast<int64_t>(context_len[s]) + query_len[s];
    const int64_t page_count = static_cast<int64_t>(page_offsets[s + 1]) - page_offsets[s];
    if (tokens > std::numeric_limits<int32_t>::max())
      throw InvalidArgument(sequence + " would have " + text(tokens) + " tokens; that is too many");
    if (page_count < 0)
      throw InvalidArgument(sequence + ": page_offsets fall from " + text(page_offsets[s]) + " to " +
                            text(page_offsets[s + 1]));
    if (page_count * geometry_.page_tokens < tokens)
      throw InvalidArgument(sequence + " has " + text(page_count) + " pages of " + text(geometry_.page_tokens) +
                            " tokens; " + text(tokens) + " tokens need more");
    for (int32_t i = page_offsets[s]; i < page_offsets[s + 1]; ++i)
      check_index({"sequence ", s, ": a page"}, pages[i], geometry_.pages);
  }
  if (rows > kMaxRows) throw InvalidArgument("the step has " + text(rows) + " rows; at most " + text(kMaxRows));
}

void StepTables::set_step(int32_t num_seqs, const int32_t* query_len, const int32_t* context_len,
                      const int32_t* page_offsets, const int32_t* pages) {
  check_step(num_seqs, query_len, context_len, page_offsets, pages);
  row_offsets_.assign(1, 0);
  page_offsets_.assign(1, 0);
  context_len_.assign(context_len, context_len + num_seqs);
  pages_.assign(pages + page_offsets[0], pages + page_offsets[num_seqs]);
  row_positions_.clear();
  row_slots_.clear();
  max_position_ = 0;
  selection_ = StepSelection{};
  for (int32_t s = 0; s < num_seqs; ++s) {
    row_offsets_.push_back(row_offsets_.back() + query_len[s]);
    page_offsets_.push_back(page_offsets[s + 1] - page_offsets[0]);
    for (int32_t i = 0; i < query_len[s]; ++i) {
      const int32_t position = context_len[s] + i;
      const int64_t page = pages[page_offsets[s] + position / geometry_.page_tokens];
      row_positions_.push_back(position);
      row_slots_.push_back(page * geometry_.page_tokens + position % geometry_.page_tokens);
    }
    max_position_ = std::max(max_position_, row_positions_.back());
  }
}

StepView StepTables::view() const {
  StepView view;
  view.num_seqs = static_cast<int32_t>(context_len_.size());
  view.num_rows = static_cast<int32_t>(row_positions_.size());
  view.row_offsets = row_offsets_.data();
  view.context_len = context_len_.data();
  view.page_offsets = page_offsets_.data();
  view.pages = pages_.data();
  view.row_positions = row_positions_.data();
  view.row_slots = row_slots_.data();
  view.selection = selection_;
  return view;
}

void StepTables::check_selection(const Selection& s) const {
  if (!has_step()) throw InvalidArgument("the pool has no step; set one before its selection");
  check_count("groups", s.groups, geometry_.layers);
  check_count("rows", s.rows, static_cast<int64_t>(context_len_.size()));
  check_count("stride", s.stride, kMaxRows);
  if (s.kv_heads != 1 && s.kv_heads != geometry_.kv_heads)
    throw InvalidArgument("kv_heads is " + text(s.kv_heads) + "; it must be 1 or the pool's " +
                          text(geometry_.kv_heads));
  if (s.first_dense_layers < 0)
    throw InvalidArgument("first_dense_layers is " + text(s.first_dense_layers) + "; it must be >= 0");
  if (s.group_of_layer == nullptr || s.sequences == nullptr || s.counts == nullptr || s.positions == nullptr)
    throw InvalidArgument("a table of the selection is null");
  for (int32_t layer = 0; layer < geometry_.layers; ++layer)
    check_index({"group_of_layer[", layer, "]"}, s.group_of_layer[layer], s.groups);
  const int32_t lists = s.groups * s.kv_heads;
  for (int32_t row = 0; row < s.rows; ++row) {
    const int32_t seq = s.sequences[row];
    check_index({"sequences[", row, "]"}, seq, static_cast<int64_t>(context_len_.size()));
    for (int64_t list = static_cast<int64_t>(row) * lists; list < static_cast<int64_t>(row + 1) * lists; ++list)
      check_list(seq, s.positions + list * s.stride, s.counts[list], s.stride);
  }
}

void StepTables::check_list(int32_t seq, const int32_t* positions, int32_t count, int32_t stride) const {
  const bool single = row_offsets_[seq + 1] - row_offsets_[seq] == 1;
  if (count < single || count > stride)
    throw InvalidArgument("sequence " + text(seq) + ": a list's count is " + text(count) + "; it must be in " +
                          text(single) + ".." + text(stride));
  int32_t before = -1;
  for (int32_t i = 0; i < count; before = positions[i++])
    if (positions[i] <= before)
      throw InvalidArgument("sequence " + text(seq) + ": position " + text(positions[i]) + " follows " + text(before) +
                            "; they must ascend from 0");
  if (single && before != context_len_[seq])
    throw InvalidArgument("sequence " + text(seq) + ": the last position of a list is " + text(before) +
                          "; it must be the row's own, " + text(context_len_[seq]));
  if (!single && before >= context_len_[seq])
    throw InvalidArgument("sequence " + text(seq) + ": a list holds position " + text(before) +
                          "; it must lie before the chunk, which begins at " + text(context_len_[seq]));
}

void StepTables::set_selection(const Selection& s) {
  check_selection(s);
  const int64_t lists = static_cast<int64_t>(s.rows) * s.groups * s.kv_heads;
  group_of_layer_.assign(s.group_of_layer, s.group_of_layer + geometry_.layers);
  row_of_seq_.assign(context_len_.size(), -1);
  selected_counts_.assign(s.counts, s.counts + lists);
  selected_positions_.assign(s.positions, s.positions + lists * s.stride);
  selected_offsets_.resize(static_cast<size_t>(lists * s.stride));
  const int32_t page_shift = __builtin_ctz(static_cast<uint32_t>(geometry_.page_tokens));  // a division would take long
  const int32_t token_mask = geometry_.page_tokens - 1;
  for (int32_t row = 0; row < s.rows; ++row) row_of_seq_[s.sequences[row]] = row;
  for (int64_t list = 0; list < lists; ++list) {
    const int32_t seq = s.sequences[list / (s.groups * s.kv_heads)];
    const int32_t* pages = pages_.data() + page_offsets_[seq];
    const int32_t* positions = s.positions + list * s.stride;
    int64_t* offsets = selected_offsets_.data() + list * s.stride;
    for (int32_t i = 0; i < s.counts[list]; ++i)
      offsets[i] = pages[positions[i] >> page_shift] * geometry_.page_bytes() +
                   (positions[i] & token_mask) * geometry_.row_bytes();
  }
  selection_.groups = s.groups;
  selection_.kv_heads = s.kv_heads;
  selection_.stride = s.stride;
  selection_.first_dense_layers = s.first_dense_layers;
  selection_.group_of_layer = group_of_layer_.data();
  selection_.row_of_seq = row_of_seq_.data();
  selection_.counts = selected_counts_.data();
  selection_.positions = selected_positions_.data();
  selection_.offsets = selected_offsets_.data();
}

}  // namespace contexture
