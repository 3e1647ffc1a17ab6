#include "capi/retrieval_tables.h"

#include <algorithm>

#include "capi/checks.h"
#include "cpu/kernel_table.h"

namespace contexture {

namespace {

const RetrievalGeometry& checked(const RetrievalGeometry& g, int32_t positions, const float* cos, const float* sin) {
  check_count("groups", g.groups, 1 << 16);
  check_count("kv_heads", g.kv_heads, 1 << 12);
  check_count("query_heads", g.query_heads, 1 << 12);
  check_count("head_dim", g.head_dim, kMaxHeadDim);
  check_count("pages", g.pages, kMaxPages);
  check_count("positions", positions, kMaxRows);
  check_page_tokens(g.page_tokens);
  if (g.head_dim % 2 != 0) throw InvalidArgument("head_dim is " + text(g.head_dim) + "; it must be even");
  if (g.query_heads % g.kv_heads != 0)
    throw InvalidArgument("query_heads is " + text(g.query_heads) + "; it must be a multiple of kv_heads, " +
                          text(g.kv_heads));
  if (cos == nullptr || sin == nullptr) throw InvalidArgument("a table of rotary angles is null");
  if (g.page_bytes() > kMaxPoolBytes / g.pages)
    throw InvalidArgument("the pool would have more than " + text(kMaxPoolBytes) + " bytes; take fewer pages");
  return g;
}

}  // namespace

RetrievalTables::RetrievalTables(const RetrievalGeometry& geometry, int32_t positions, const float* rope_cos,
                                 const float* rope_sin)
    : geometry_(checked(geometry, positions, rope_cos, rope_sin)), positions_(positions) {}

void RetrievalTables::set_append(int32_t rows, const int32_t* positions, const int64_t* slots) {
  check_count("rows", rows, kMaxRows);
  if (positions == nullptr || slots == nullptr) throw InvalidArgument("a table of the append is null");
  const int64_t slot_count = static_cast<int64_t>(geometry_.pages) * geometry_.page_tokens;
  for (int32_t r = 0; r < rows; ++r) {
    check_index({"position of row ", r}, positions[r], positions_);
    check_index({"slot of row ", r}, slots[r], slot_count);
  }
  append_positions_.assign(positions, positions + rows);
  append_slots_.assign(slots, slots + rows);
}

void RetrievalTables::check_select(const SelectRows& s) const {
  check_count("rows", s.rows, kMaxRows);
  if (s.positions == nullptr || s.query_offsets == nullptr || s.query_positions == nullptr || s.page_offsets == nullptr ||
      s.pages == nullptr || s.rules == nullptr || s.block_offsets == nullptr || s.block_ends == nullptr)
    throw InvalidArgument("a table of the selection is null");
  if (s.query_offsets[0] != 0 || s.page_offsets[0] != 0 || s.block_offsets[0] != 0)
    throw InvalidArgument("query_offsets, page_offsets and block_offsets must begin with 0");
  for (int32_t r = 0; r < s.rows; ++r) {
    const Label row("row ", r);
    check_index({"row ", r, ": position"}, s.positions[r], positions_);
    check_rule(s.rules[r], r);
    check_count({"row ", r, ": queries"}, static_cast<int64_t>(s.query_offsets[r + 1]) - s.query_offsets[r], kMaxRows);
    for (int32_t q = s.query_offsets[r]; q < s.query_offsets[r + 1]; ++q) {
      check_index({"row ", r, ": a query's position"}, s.query_positions[q], positions_);
      if (s.query_positions[q] < s.positions[r])
        throw InvalidArgument(row + ": a query stands at " + text(s.query_positions[q]) + ", before position " +
                              text(s.positions[r]) + " of what it chooses from");
    }
    const int64_t page_count = static_cast<int64_t>(s.page_offsets[r + 1]) - s.page_offsets[r];
    if (page_count * geometry_.page_tokens <= s.positions[r])
      throw InvalidArgument(row + " has " + text(page_count) + " pages of " + text(geometry_.page_tokens) +
                            " tokens; position " + text(s.positions[r]) + " needs more");
    for (int32_t i = s.page_offsets[r]; i < s.page_offsets[r + 1]; ++i)
      check_index({"row ", r, ": a page"}, s.pages[i], geometry_.pages);
    int32_t before = 0;
    for (int32_t i = s.block_offsets[r]; i < s.block_offsets[r + 1]; before = s.block_ends[i++])
      if (s.block_ends[i] <= before)
        throw InvalidArgument(row + ": a block ends at " + text(s.block_ends[i]) + " behind " + text(before) +
                              "; block ends must ascend");
    if (s.block_offsets[r + 1] < s.block_offsets[r]) throw InvalidArgument(row + ": block_offsets must not fall");
  }
}

void RetrievalTables::set_select(const SelectRows& s) {
  check_select(s);
  select_positions_.assign(s.positions, s.positions + s.rows);
  query_offsets_.assign(s.query_offsets, s.query_offsets + s.rows + 1);
  query_positions_.assign(s.query_positions, s.query_positions + s.query_offsets[s.rows]);
  page_offsets_.assign(s.page_offsets, s.page_offsets + s.rows + 1);
  pages_.assign(s.pages, s.pages + s.page_offsets[s.rows]);
  rules_.assign(s.rules, s.rules + s.rows);
  block_offsets_.assign(s.block_offsets, s.block_offsets + s.rows + 1);
  block_ends_.assign(s.block_ends, s.block_ends + s.block_offsets[s.rows]);
  stride_ = 0;
  for (int32_t r = 0; r < s.rows; ++r) stride_ = std::max(stride_, rules_[r].most(select_positions_[r]));
}

SelectRows RetrievalTables::select_rows() const {
  return {static_cast<int32_t>(select_positions_.size()),
          select_positions_.data(),
          query_offsets_.data(),
          query_positions_.data(),
          page_offsets_.data(),
          pages_.data(),
          rules_.data(),
          block_offsets_.data(),
          block_ends_.data()};
}

}  // namespace contexture
