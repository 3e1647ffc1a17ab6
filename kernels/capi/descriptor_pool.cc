#include "capi/descriptor_pool.h"

#include <algorithm>

#include "capi/checks.h"
#include "cpu/kernel_table.h"

namespace contexture {
namespace {

const DescriptorGeometry& checked(const DescriptorGeometry& g) {
  if (g.kind != DescriptorKind::kMinMax && g.kind != DescriptorKind::kMean)
    throw InvalidArgument("kind is " + text(static_cast<int32_t>(g.kind)) +
                          "; it must be 0 (smallest and largest) or 1 (mean)");
  check_count("query_heads", g.query_heads, 1 << 16);
  if (g.query_heads % g.kv_heads != 0)
    throw InvalidArgument("query_heads is " + text(g.query_heads) + "; it must be a multiple of kv_heads, " +
                          text(g.kv_heads));
  check_count("groups", g.groups, g.layers);
  if (g.window < 0) throw InvalidArgument("window is " + text(g.window) + "; it must be >= 0");
  check_count("chunks", g.chunks, kMaxPages);
  if (g.chunk_bytes() > kMaxPoolBytes / g.chunks)
    throw InvalidArgument("the store would have more than " + text(kMaxPoolBytes) + " bytes; take fewer chunks");
  return g;
}

}  // namespace

DescriptorPool::DescriptorPool(int64_t kv_pool, const PoolGeometry& keys, const DescriptorGeometry& geometry)
    : kv_pool_(kv_pool), keys_(keys), geometry_(checked(geometry)), memory_(geometry_.store_bytes()) {
  for (int32_t chunk = geometry_.chunks; chunk > 0; --chunk) free_.push_back(chunk - 1);
}

int64_t DescriptorPool::begin_sequence() {
  sequences_.emplace(next_sequence_, Sequence{});
  return next_sequence_++;
}

void DescriptorPool::end_sequence(int64_t sequence) {
  Sequence& known = find(sequence);
  free_.insert(free_.end(), known.chunks.begin(), known.chunks.end());
  sequences_.erase(sequence);
}

DescriptorPool::Sequence& DescriptorPool::find(int64_t sequence) {
  const auto found = sequences_.find(sequence);
  if (found == sequences_.end())
    throw InvalidArgument("there is no sequence " + text(sequence) + "; it was never begun or has ended");
  return found->second;
}

int64_t DescriptorPool::used_bytes() const {
  return (geometry_.chunks - static_cast<int64_t>(free_.size())) * geometry_.chunk_bytes();
}

void DescriptorPool::check_blocks(const Sequence& known, int32_t page_count, const int32_t* pages, int32_t block_count,
                                  const int32_t* block_ends) const {
  const auto described = static_cast<int32_t>(known.block_ends.size());
  if (block_count < described)
    throw InvalidArgument("block_count is " + text(block_count) + ", but " + text(described) +
                          " blocks are described already");
  if (pages == nullptr || block_ends == nullptr) throw InvalidArgument("a table of the blocks is null");
  for (int32_t b = 0; b < block_count; ++b) {
    const int32_t before = b == 0 ? 0 : block_ends[b - 1];
    if (block_ends[b] <= before)
      throw InvalidArgument("a block ends at " + text(block_ends[b]) + " behind " + text(before) +
                            "; block ends must ascend");
  }
  if (described > 0 && block_ends[described - 1] != known.block_ends.back())
    throw InvalidArgument("block " + text(described - 1) + " ends at " + text(block_ends[described - 1]) +
                          ", but it was described up to " + text(known.block_ends.back()));
  if (block_count > described && static_cast<int64_t>(page_count) * keys_.page_tokens < block_ends[block_count - 1])
    throw InvalidArgument("there are " + text(page_count) + " pages of " + text(keys_.page_tokens) +
                          " tokens; the blocks up to " + text(block_ends[block_count - 1]) + " need more");
  for (int32_t i = 0; i < page_count; ++i)
    check_index("a page", pages[i], keys_.pages);
}

void DescriptorPool::describe(int64_t sequence, KvPool& keys, int32_t page_count, const int32_t* pages,
                              int32_t block_count, const int32_t* block_ends, const Execution& execution) {
  Sequence& known = find(sequence);
  check_blocks(known, page_count, pages, block_count, block_ends);
  const auto described_blocks = static_cast<int32_t>(known.block_ends.size());
  const auto described_pieces = static_cast<int32_t>(known.piece_ends.size());
  if (block_count == described_blocks) return;

  int32_t pieces = described_pieces, begin = described_blocks == 0 ? 0 : known.block_ends.back();
  for (int32_t b = described_blocks; b < block_count; begin = block_ends[b++])
    pieces += geometry_.pieces_of(block_ends[b] - begin);
  const size_t chunks = (static_cast<size_t>(pieces) + kChunkPieces - 1) / kChunkPieces;
  const size_t missing = chunks - known.chunks.size();
  if (missing > free_.size())
    throw NoRoom(text(pieces) + " pieces need " + text(static_cast<int64_t>(missing)) + " more chunks, but " +
                 text(static_cast<int64_t>(free_.size())) + " of " + text(geometry_.chunks) + " are free");
  for (size_t i = 0; i < missing; ++i) {
    known.chunks.push_back(free_.back());
    free_.pop_back();
  }

  begin = described_blocks == 0 ? 0 : known.block_ends.back();
  for (int32_t b = described_blocks; b < block_count; begin = block_ends[b++]) {
    const int64_t tokens = block_ends[b] - begin;
    const int32_t count = geometry_.pieces_of(block_ends[b] - begin);
    for (int32_t i = 1; i <= count; ++i)  // of one length, or as near as can be
      known.piece_ends.push_back(begin + static_cast<int32_t>(tokens * i / count));
    known.block_ends.push_back(block_ends[b]);
    known.block_piece_ends.push_back(static_cast<int32_t>(known.piece_ends.size()));
  }
  DescribePieces d;
  d.geometry = geometry_, d.store = memory_.data(), d.chunks = known.chunks.data();
  d.piece_ends = known.piece_ends.data(), d.first_piece = described_pieces, d.last_piece = pieces;
  d.keys = keys.geometry(), d.pool = keys.data(), d.pages = pages;
  describe_pieces(d, execution);
}

void DescriptorPool::check_select(const Select& s) {
  check_count("rows", s.rows, kMaxRows);
  if (s.sequences == nullptr || s.positions == nullptr || s.rules == nullptr || s.queries == nullptr ||
      s.counts == nullptr || s.chosen == nullptr || s.mass == nullptr)
    throw InvalidArgument("a table of the selection is null");
  check_count("stride", s.stride, kMaxRows);
  for (int32_t r = 0; r < s.rows; ++r) {
    const Label row("row ", r);
    if (s.positions[r] < 0)
      throw InvalidArgument(row + ": position is " + text(s.positions[r]) + "; it must be >= 0");
    check_rule(s.rules[r], r);
    if (s.rules[r].most(s.positions[r]) > s.stride)
      throw InvalidArgument(row + " may select " + text(s.rules[r].most(s.positions[r])) + " positions; stride " +
                            text(s.stride) + " is too small");
    if (s.sequences[r] == 0) continue;
    const Sequence& known = find(s.sequences[r]);
    if (!known.block_ends.empty() && known.block_ends.back() > s.positions[r])
      throw InvalidArgument(row + " stands at " + text(s.positions[r]) + ", but its blocks are described up to " +
                            text(known.block_ends.back()));
  }
}

void DescriptorPool::select(const Select& s, const Execution& execution) {
  check_select(s);
  std::vector<DescribedRow> rows(static_cast<size_t>(s.rows));
  for (int32_t r = 0; r < s.rows; ++r) {
    DescribedRow& row = rows[static_cast<size_t>(r)];
    row.rule = s.rules[r], row.position = s.positions[r], row.queries = s.queries + r * geometry_.query_floats();
    if (s.sequences[r] == 0) continue;
    const Sequence& known = find(s.sequences[r]);
    row.chunks = known.chunks.data(), row.block_ends = known.block_ends.data();
    row.block_piece_ends = known.block_piece_ends.data(), row.blocks = static_cast<int32_t>(known.block_ends.size());
  }
  select_by_descriptors({geometry_, memory_.data(), rows.data(), s.rows, s.stride, s.counts, s.chosen, s.mass},
                        execution);
}

}  // namespace contexture
