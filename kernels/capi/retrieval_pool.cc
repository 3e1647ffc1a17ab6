#include "capi/retrieval_pool.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "capi/checks.h"
#include "cpu/kernel_table.h"

namespace contexture {

RetrievalPool::RetrievalPool(const RetrievalGeometry& geometry, int32_t positions, const float* rope_cos,
                             const float* rope_sin)
    : tables_(geometry, positions, rope_cos, rope_sin),
      geometry_(geometry),
      rope_cos_(rope_cos, rope_cos + static_cast<int64_t>(positions) * (geometry.head_dim / 2)),
      rope_sin_(rope_sin, rope_sin + static_cast<int64_t>(positions) * (geometry.head_dim / 2)),
      memory_(geometry_.pool_bytes()) {}

void RetrievalPool::append(const float* keys, const Execution& execution) {
  AppendKeys a;
  a.geometry = geometry_, a.pool = memory_.data(), a.keys = keys;
  a.positions = tables_.append_positions(), a.slots = tables_.append_slots(), a.rows = tables_.append_rows();
  a.rope_cos = rope_cos_.data(), a.rope_sin = rope_sin_.data();
  append_keys(a, execution);
}

void RetrievalPool::select(const float* queries, const Execution& execution) {
  ScoreAndSelect a;
  a.geometry = geometry_, a.pool = memory_.data(), a.queries = queries;
  a.select = tables_.select_rows();
  const auto lists = static_cast<size_t>(a.select.rows) * geometry_.lists();
  counts_.assign(lists, 0);
  mass_.assign(lists, 0.0f);
  chosen_.resize(lists * tables_.stride());
  a.rope_cos = rope_cos_.data(), a.rope_sin = rope_sin_.data(), a.stride = tables_.stride();
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

template <class Fn>
void RetrievalPool::for_keys(const KeyRequest& r, const Fn& fn) const {
  for (int32_t position = r.first; position < r.first + r.tokens; ++position) {
    const int32_t token = position % geometry_.page_tokens;
    const int64_t page = r.pages[position / geometry_.page_tokens] * geometry_.page_bytes();
    for (int32_t list = 0; list < geometry_.lists(); ++list) {
      const int64_t keys = page + list * geometry_.list_bytes();
      fn(keys + geometry_.values_offset(token, 0),
         keys + geometry_.scales_offset() + token * static_cast<int64_t>(sizeof(float)));
    }
  }
}

void RetrievalPool::read_keys(const KeyRequest& request, void* bytes) const {
  auto* out = static_cast<char*>(bytes);
  for_keys(request, [&](int64_t values, int64_t scale) {
    for (int32_t eight = 0; eight < geometry_.row_dim() / 8; ++eight, out += 4)
      std::memcpy(out, memory_.data() + values + geometry_.values_offset(0, eight), 4);
    std::memcpy(out, memory_.data() + scale, sizeof(float));
    out += sizeof(float);
  });
}

void RetrievalPool::write_keys(const KeyRequest& request, const void* bytes) {
  const auto* in = static_cast<const char*>(bytes);
  for_keys(request, [&](int64_t values, int64_t scale) {
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
