#include "capi/kv_pool.h"

#include <algorithm>
#include <cstring>

#include "capi/checks.h"
#include "cpu/half.h"

namespace contexture {

namespace {

const PoolGeometry& checked(const PoolGeometry& g) {
  if (g.dtype == KvDtype::kBf16)
    throw InvalidArgument("dtype is 2 (bf16), which only pools of CUDA devices hold; in host memory it must be 0 (f32) or 1 (f16)");
  return g;
}

}  // namespace

KvPool::KvPool(const PoolGeometry& geometry)
    : geometry_(checked(geometry)), steps_(geometry_), memory_(geometry_.pool_bytes()) {}

void KvPool::keep_queries(int32_t query_heads) {
  if (!has_step()) throw InvalidArgument("the pool has no step; set one before its queries are kept");
  check_count("query_heads", query_heads, 1 << 16);
  if (query_heads % geometry_.kv_heads != 0)
    throw InvalidArgument("query_heads is " + text(query_heads) + "; it must be a multiple of kv_heads, " +
                          text(geometry_.kv_heads));
  kept_queries_.assign(steps_.sequences() * static_cast<size_t>(geometry_.layers) * query_heads * geometry_.head_dim,
                       0.0f);
  kept_heads_ = query_heads;
}

void KvPool::read_queries(int32_t seq, float* out) const {
  if (kept_heads_ == 0)
    throw InvalidArgument("the step's queries are not kept; call ctx_step_keep_queries before the run");
  check_index("sequence", seq, static_cast<int64_t>(steps_.sequences()));
  if (out == nullptr) throw InvalidArgument("out is null");
  std::copy_n(kept_queries_.data() + seq * kept_stride(), kept_stride(), out);
}

void KvPool::pretouch(int32_t pages) {
  check_index("pages", pages, int64_t{geometry_.pages} + 1);
  if (pages == 0) return;
  for (int32_t layer = 0; layer < geometry_.layers; ++layer)
    memory_.pretouch(layer * geometry_.layer_bytes(), pages * geometry_.page_bytes());
}

void KvPool::copy_page(int32_t from, int32_t to, int32_t slots) {
  check_index("from", from, geometry_.pages);
  check_index("to", to, geometry_.pages);
  check_slots(slots, geometry_.page_tokens);
  if (from == to) return;
  const auto bytes = static_cast<size_t>(slots * geometry_.row_bytes());
  for (int32_t layer = 0; layer < geometry_.layers; ++layer)
    for (int32_t head = 0; head < 2 * geometry_.kv_heads; ++head) {  // the planes of K and V follow each other
      char* base = memory_.data() + layer * geometry_.layer_bytes() + head * geometry_.head_bytes();
      std::memcpy(base + to * geometry_.page_bytes(), base + from * geometry_.page_bytes(), bytes);
    }
}

void KvPool::read_row(int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head, int32_t what,
                      float* out) const {
  const char* row = memory_.data() + checked_row_offset(geometry_, layer, page, slot_in_page, kv_head, what);
  if (out == nullptr) throw InvalidArgument("out is null");
  if (geometry_.dtype == KvDtype::kF32) {
    std::copy_n(reinterpret_cast<const float*>(row), geometry_.head_dim, out);
  } else {
    const auto* halves = reinterpret_cast<const uint16_t*>(row);
    std::transform(halves, halves + geometry_.head_dim, out, half_to_float);
  }
}

}  // namespace contexture
