#include "capi/retrieval_pool.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "capi/checks.h"
#include "contexture/block_codec.h"
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

RetrievalPool::RetrievalPool(const RetrievalGeometry& geometry, int32_t positions, const float* rope_cos,
                             const float* rope_sin)
    : geometry_(checked(geometry, positions, rope_cos, rope_sin)),
      positions_(positions),
      rope_cos_(rope_cos, rope_cos + static_cast<int64_t>(positions) * (geometry.head_dim / 2)),
      rope_sin_(rope_sin, rope_sin + static_cast<int64_t>(positions) * (geometry.head_dim / 2)),
      memory_(geometry_.pool_bytes()) {}

void RetrievalPool::set_append(int32_t rows, const int32_t* positions, const int64_t* slots) {
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

void RetrievalPool::check_select(const SelectRows& s) const {
  check_count("rows", s.rows, kMaxRows);
  if (s.positions == nullptr || s.query_offsets == nullptr || s.query_positions == nullptr ||
      s.page_offsets == nullptr || s.pages == nullptr || s.rules == nullptr || s.block_offsets == nullptr ||
      s.block_ends == nullptr)
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

void RetrievalPool::set_select(const SelectRows& s) {
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

void RetrievalPool::append(const float* keys, const Execution& execution) {
  AppendKeys a;
  a.geometry = geometry_, a.pool = memory_.data(), a.keys = keys;
  a.positions = append_positions_.data(), a.slots = append_slots_.data(), a.rows = append_rows();
  a.rope_cos = rope_cos_.data(), a.rope_sin = rope_sin_.data();
  append_keys(a, execution);
}

void RetrievalPool::select(const float* queries, const Execution& execution) {
  const auto lists = static_cast<size_t>(select_rows()) * geometry_.lists();
  counts_.assign(lists, 0);
  mass_.assign(lists, 0.0f);
  chosen_.resize(lists * stride_);
  ScoreAndSelect a;
  a.geometry = geometry_, a.pool = memory_.data(), a.queries = queries;
  a.select = {select_rows(),         select_positions_.data(), query_offsets_.data(),
              query_positions_.data(), page_offsets_.data(),   pages_.data(),
              rules_.data(),         block_offsets_.data(),    block_ends_.data()};
  a.rope_cos = rope_cos_.data(), a.rope_sin = rope_sin_.data(), a.stride = stride_;
  a.counts = counts_.data(), a.chosen = chosen_.data(), a.mass = mass_.data();
  score_and_select(a, execution);
}

void RetrievalPool::copy_page(int32_t from, int32_t to, int32_t slots) {
  check_index("from", from, geometry_.pages);
  check_index("to", to, geometry_.pages);
  check_slots(slots, geometry_.page_tokens);
  if (from == to) return;
  for (int32_t list = 0; list < geometry_.lists(); ++list) {
    const char* source = memory_.data() + from * geometry_.page_bytes() + list * geometry_.list_bytes();
    char* target = memory_.data() + to * geometry_.page_bytes() + list * geometry_.list_bytes();
    for (int32_t token = 0; token < slots; ++token)
      for (int32_t eight = 0; eight < geometry_.row_dim() / 8; ++eight)
        std::memcpy(target + geometry_.values_offset(token, eight), source + geometry_.values_offset(token, eight), 4);
    std::memcpy(target + geometry_.scales_offset(), source + geometry_.scales_offset(), slots * sizeof(float));
  }
}

int64_t RetrievalPool::key_bytes(int32_t tokens) const {
  check_count("tokens", tokens, kMaxBlockTokens);
  return static_cast<int64_t>(tokens) * geometry_.lists() * (geometry_.row_dim() / 2 + static_cast<int64_t>(sizeof(float)));
}

void RetrievalPool::check_keys(int32_t page_count, const int32_t* pages, int32_t first, int32_t tokens,
                               const void* bytes, int64_t count) const {
  const int64_t wanted = key_bytes(tokens);
  if (pages == nullptr || bytes == nullptr) throw InvalidArgument("the pages or the bytes of the keys are null");
  check_count("page_count", page_count, kMaxPages);
  for (int32_t i = 0; i < page_count; ++i) check_index({"pages[", i, "]"}, pages[i], geometry_.pages);
  const int64_t room = static_cast<int64_t>(page_count) * geometry_.page_tokens;
  if (first < 0 || first + static_cast<int64_t>(tokens) > room)
    throw InvalidArgument("the keys are of the positions " + text(first) + " to " +
                          text(static_cast<int64_t>(first) + tokens) + "; the pages hold those below " + text(room));
  if (count != wanted)
    throw InvalidArgument("the keys have " + text(count) + " bytes; they must have " + text(wanted));
}

template <class Fn>
void RetrievalPool::for_keys(const int32_t* pages, int32_t first, int32_t tokens, const Fn& fn) const {
  for (int32_t position = first; position < first + tokens; ++position) {
    const int32_t token = position % geometry_.page_tokens;
    const int64_t page = pages[position / geometry_.page_tokens] * geometry_.page_bytes();
    for (int32_t list = 0; list < geometry_.lists(); ++list) {
      const int64_t keys = page + list * geometry_.list_bytes();
      fn(keys + geometry_.values_offset(token, 0),
         keys + geometry_.scales_offset() + token * static_cast<int64_t>(sizeof(float)));
    }
  }
}

void RetrievalPool::read_keys(int32_t page_count, const int32_t* pages, int32_t first, int32_t tokens, void* bytes,
                              int64_t count) const {
  check_keys(page_count, pages, first, tokens, bytes, count);
  auto* out = static_cast<char*>(bytes);
  for_keys(pages, first, tokens, [&](int64_t values, int64_t scale) {
    for (int32_t eight = 0; eight < geometry_.row_dim() / 8; ++eight, out += 4)
      std::memcpy(out, memory_.data() + values + geometry_.values_offset(0, eight), 4);
    std::memcpy(out, memory_.data() + scale, sizeof(float));
    out += sizeof(float);
  });
}

void RetrievalPool::write_keys(int32_t page_count, const int32_t* pages, int32_t first, int32_t tokens,
                               const void* bytes, int64_t count) {
  check_keys(page_count, pages, first, tokens, bytes, count);
  const auto* in = static_cast<const char*>(bytes);
  for_keys(pages, first, tokens, [&](int64_t values, int64_t scale) {
    for (int32_t eight = 0; eight < geometry_.row_dim() / 8; ++eight, in += 4)
      std::memcpy(memory_.data() + values + geometry_.values_offset(0, eight), in, 4);
    float number;
    std::memcpy(&number, in, sizeof(float));
    if (!(number >= 0.0f && std::isfinite(number))) number = 0.0f;
    std::memcpy(memory_.data() + scale, &number, sizeof(float));
    in += sizeof(float);
  });
}

}  // namespace contexture
