#include "pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string>
#include <unordered_map>

namespace contexture {
namespace {

void require(bool holds, const std::string& message) {
  if (!holds) throw Refused(message);
}

std::string number(int64_t value) { return std::to_string(value); }

float half_bits_to_float(uint16_t h) {
  const uint32_t exponent = (h >> 10) & 0x1f, mantissa = h & 0x3ff;
  const float magnitude = exponent == 0x1f ? (mantissa != 0 ? __builtin_nanf("") : __builtin_inff())
                          : exponent == 0  ? __builtin_ldexpf(float(mantissa), -24)
                                           : __builtin_ldexpf(float(mantissa | 0x400), int(exponent) - 25);
  return (h & 0x8000) != 0 ? -magnitude : magnitude;
}

std::mutex registry_mutex;
std::unordered_map<int64_t, std::shared_ptr<Pool>> registry;
int64_t next_id = 1;

}  // namespace

Pool::Pool(const KvLayout& layout) : layout_(layout) {
  require(layout.layers > 0, "layers must be positive but is " + number(layout.layers));
  require(layout.kv_heads > 0, "kv_heads must be positive but is " + number(layout.kv_heads));
  require(layout.head_dim > 0 && layout.head_dim % 2 == 0 && layout.head_dim <= 512,
          "head_dim must be even and at most 512 but is " + number(layout.head_dim));
  const int p = layout.page_tokens;
  require(p >= 8 && p <= 128 && (p & (p - 1)) == 0, "page_tokens must be 8, 16, 32, 64 or 128 but is " + number(p));
  require(layout.pages > 0, "pages must be positive but is " + number(layout.pages));
  require(layout.type == KvType::kF32 || layout.type == KvType::kF16,
          "dtype must be 0 (f32) or 1 (f16) but is " + number(int32_t(layout.type)));
  memory_ = mmap(nullptr, layout.bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  require(memory_ != MAP_FAILED, "no memory for a KV pool of " + number(int64_t(layout.bytes())) + " bytes");
#if defined(MADV_HUGEPAGE)
  madvise(memory_, layout.bytes(), MADV_HUGEPAGE);
#endif
}

Pool::~Pool() { munmap(memory_, layout_.bytes()); }

void Pool::set_step(int num_seqs, const int32_t* query_len, const int32_t* context_len, const int32_t* page_offsets,
                    const int32_t* pages) {
  require(num_seqs > 0, "a step needs at least one sequence but has " + number(num_seqs));
  require(page_offsets[0] == 0, "page_offsets must begin with 0 but begins with " + number(page_offsets[0]));
  for (int s = 0; s < num_seqs; ++s) {
    const std::string name = "sequence " + number(s) + " of the step";
    require(query_len[s] >= 1, name + " has " + number(query_len[s]) + " new tokens, at least 1 is needed");
    require(context_len[s] >= 0, name + " has a negative context length");
    const int64_t held = int64_t(page_offsets[s + 1]) - page_offsets[s];
    const int64_t needed = (int64_t(context_len[s]) + query_len[s] + layout_.page_tokens - 1) / layout_.page_tokens;
    require(held >= needed, name + " has " + number(held) + " pages, its " +
                                number(int64_t(context_len[s]) + query_len[s]) + " tokens need " + number(needed));
    for (int i = page_offsets[s]; i < page_offsets[s + 1]; ++i)
      require(pages[i] >= 0 && pages[i] < layout_.pages, name + " names page " + number(pages[i]) +
                                                             " of a pool with " + number(layout_.pages));
  }
  step_pages_.assign(pages, pages + page_offsets[num_seqs]);
  step_.clear();
  int64_t row = 0;
  step_end_position_ = 0;
  for (int s = 0; s < num_seqs; ++s) {
    step_.push_back({int(row), query_len[s], context_len[s], step_pages_.data() + page_offsets[s]});
    row += query_len[s];
    step_end_position_ = std::max(step_end_position_, context_len[s] + query_len[s]);
  }
  step_rows_ = row;
}

void Pool::read(int layer, int page, int token, int kv_head, bool value, float* out) const {
  require(layer >= 0 && layer < layout_.layers && page >= 0 && page < layout_.pages && token >= 0 &&
              token < layout_.page_tokens && kv_head >= 0 && kv_head < layout_.kv_heads,
          "no such slot: layer " + number(layer) + ", page " + number(page) + ", token " + number(token) + ", head " +
              number(kv_head));
  const size_t at = layout_.key_offset(layer, page, kv_head, token) + (value ? layout_.value_offset() : 0);
  if (layout_.type == KvType::kF32) {
    std::memcpy(out, static_cast<const float*>(memory_) + at, size_t(layout_.head_dim) * 4);
  } else {
    for (int d = 0; d < layout_.head_dim; ++d) out[d] = half_bits_to_float(static_cast<const uint16_t*>(memory_)[at + d]);
  }
}

int64_t register_pool(std::shared_ptr<Pool> pool) {
  const std::lock_guard<std::mutex> lock(registry_mutex);
  registry.emplace(next_id, std::move(pool));
  return next_id++;
}

std::shared_ptr<Pool> find_pool(int64_t id) {
  const std::lock_guard<std::mutex> lock(registry_mutex);
  const auto found = registry.find(id);
  require(found != registry.end(), "there is no KV pool with id " + number(id));
  return found->second;
}

void remove_pool(int64_t id) {
  const std::lock_guard<std::mutex> lock(registry_mutex);
  require(registry.erase(id) == 1, "there is no KV pool with id " + number(id));
}

}  // namespace contexture
