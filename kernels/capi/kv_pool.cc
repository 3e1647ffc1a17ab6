#include "capi/kv_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <limits>
#include <new>

#include "cpu/half.h"
#include "cpu/kernel_table.h"

namespace contexture {
namespace {

constexpr int32_t kMaxCount = 1 << 24;  // layers, heads, pages: keeps the products far from overflow
constexpr int64_t kMaxPoolBytes = int64_t{1} << 46;
constexpr int64_t kMaxRows = 1 << 24;

std::string text(int64_t value) { return std::to_string(value); }

void check_count(const char* what, int64_t value, int64_t most) {
  if (value < 1 || value > most)
    throw InvalidArgument(std::string(what) + " is " + text(value) + "; it must be in 1.." + text(most));
}

void check_index(const std::string& what, int64_t value, int64_t count) {
  if (value < 0 || value >= count)
    throw InvalidArgument(what + " is " + text(value) + "; it must be in 0.." + text(count - 1));
}

const PoolGeometry& checked(const PoolGeometry& g) {
  check_count("layers", g.layers, 1 << 16);
  check_count("kv_heads", g.kv_heads, 1 << 16);
  check_count("pages", g.pages, kMaxCount);
  check_count("head_dim", g.head_dim, kMaxHeadDim);
  if (g.head_dim % 2 != 0) throw InvalidArgument("head_dim is " + text(g.head_dim) + "; it must be even");
  if (g.page_tokens < 8 || g.page_tokens > 128 || (g.page_tokens & (g.page_tokens - 1)) != 0)
    throw InvalidArgument("page_tokens is " + text(g.page_tokens) + "; it must be 8, 16, 32, 64 or 128");
  if (g.dtype != KvDtype::kF32 && g.dtype != KvDtype::kF16)
    throw InvalidArgument("dtype is " + text(static_cast<int32_t>(g.dtype)) + "; it must be 0 (f32) or 1 (f16)");
  // layer_bytes is at most 2^24 * 2^16 * 2^7 * 2^12 = 2^59.
  if (g.layer_bytes() > kMaxPoolBytes / g.layers)
    throw InvalidArgument("the pool would have more than " + text(kMaxPoolBytes) + " bytes; take fewer pages");
  return g;
}

}  // namespace

UnknownPool::UnknownPool(int64_t id)
    : std::invalid_argument("there is no pool " + text(id) + "; it was never created or has been destroyed") {}

KvPool::KvPool(const PoolGeometry& geometry) : geometry_(checked(geometry)) {
  const auto bytes = static_cast<size_t>(geometry_.pool_bytes());
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  madvise(memory, bytes, MADV_HUGEPAGE);  // advice only: small pages work as well
#endif
  data_ = static_cast<char*>(memory);
}

KvPool::~KvPool() { munmap(data_, static_cast<size_t>(geometry_.pool_bytes())); }

void KvPool::check_step(int32_t num_seqs, const int32_t* query_len, const int32_t* context_len,
                        const int32_t* page_offsets, const int32_t* pages) const {
  check_count("num_seqs", num_seqs, kMaxRows);
  if (query_len == nullptr || context_len == nullptr || page_offsets == nullptr || pages == nullptr)
    throw InvalidArgument("a table of the step is null");
  if (page_offsets[0] < 0) throw InvalidArgument("page_offsets[0] is " + text(page_offsets[0]) + "; it must be >= 0");
  int64_t rows = 0;
  for (int32_t s = 0; s < num_seqs; ++s) {
    const std::string sequence = "sequence " + text(s);
    check_count((sequence + ": query_len").c_str(), query_len[s], kMaxRows);
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
      if (pages[i] < 0 || pages[i] >= geometry_.pages) check_index(sequence + ": a page", pages[i], geometry_.pages);
  }
  if (rows > kMaxRows) throw InvalidArgument("the step has " + text(rows) + " rows; at most " + text(kMaxRows));
}

void KvPool::set_step(int32_t num_seqs, const int32_t* query_len, const int32_t* context_len,
                      const int32_t* page_offsets, const int32_t* pages) {
  check_step(num_seqs, query_len, context_len, page_offsets, pages);
  row_offsets_.assign(1, 0);
  page_offsets_.assign(1, 0);
  context_len_.assign(context_len, context_len + num_seqs);
  pages_.assign(pages + page_offsets[0], pages + page_offsets[num_seqs]);
  row_positions_.clear();
  row_slots_.clear();
  max_position_ = 0;
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

StepView KvPool::step() const {
  StepView view;
  view.num_seqs = static_cast<int32_t>(context_len_.size());
  view.num_rows = static_cast<int32_t>(row_positions_.size());
  view.row_offsets = row_offsets_.data();
  view.context_len = context_len_.data();
  view.page_offsets = page_offsets_.data();
  view.pages = pages_.data();
  view.row_positions = row_positions_.data();
  view.row_slots = row_slots_.data();
  return view;
}

void KvPool::read_row(int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head, int32_t what,
                      float* out) const {
  check_index("layer", layer, geometry_.layers);
  check_index("page", page, geometry_.pages);
  check_index("slot_in_page", slot_in_page, geometry_.page_tokens);
  check_index("kv_head", kv_head, geometry_.kv_heads);
  check_index("what (0 = K, 1 = V)", what, 2);
  if (out == nullptr) throw InvalidArgument("out is null");
  const int64_t slot = static_cast<int64_t>(page) * geometry_.page_tokens + slot_in_page;
  const char* row = data_ + geometry_.key_row_offset(layer, slot, kv_head) + what * geometry_.plane_bytes();
  if (geometry_.dtype == KvDtype::kF32) {
    std::copy_n(reinterpret_cast<const float*>(row), geometry_.head_dim, out);
  } else {
    const auto* halves = reinterpret_cast<const uint16_t*>(row);
    std::transform(halves, halves + geometry_.head_dim, out, half_to_float);
  }
}

PoolRegistry& PoolRegistry::instance() {
  static PoolRegistry* registry = new PoolRegistry;  // outlives every thread that may still hold an id
  return *registry;
}

int64_t PoolRegistry::add(std::shared_ptr<KvPool> pool) {
  const std::lock_guard<std::mutex> lock(mutex_);
  pools_.emplace(next_id_, std::move(pool));
  return next_id_++;
}

std::shared_ptr<KvPool> PoolRegistry::find(int64_t id) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = pools_.find(id);
  if (found == pools_.end()) throw UnknownPool(id);
  return found->second;
}

void PoolRegistry::remove(int64_t id) {
  std::shared_ptr<KvPool> last;  // unmapped outside the lock
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = pools_.find(id);
  if (found == pools_.end()) throw UnknownPool(id);
  last = std::move(found->second);
  pools_.erase(found);
}

}  // namespace contexture
