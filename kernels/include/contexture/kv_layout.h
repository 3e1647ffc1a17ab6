// Layout of the paged KV pool, described here and nowhere else.
//
//   [layer][page][K|V][kv_head][token in page][dim_stride]
//
// dim_stride is head_dim rounded up to a multiple of 16; the numbers past head_dim stay zero. A token's key (and value)
// is contiguous, so that a selection of single tokens reads whole cache lines.
#pragma once

#include <cstddef>
#include <cstdint>

namespace contexture {

enum class KvType : int32_t { kF32 = 0, kF16 = 1 };

constexpr int kDimAlign = 16;

struct KvLayout {
  int layers;
  int kv_heads;
  int head_dim;
  int page_tokens;
  int pages;
  KvType type;

  int dim_stride() const { return (head_dim + kDimAlign - 1) / kDimAlign * kDimAlign; }
  size_t element_bytes() const { return type == KvType::kF32 ? 4 : 2; }
  // Distances in elements.
  size_t head_stride() const { return size_t(page_tokens) * dim_stride(); }
  size_t value_offset() const { return size_t(kv_heads) * head_stride(); }
  size_t page_stride() const { return 2 * value_offset(); }
  size_t layer_stride() const { return size_t(pages) * page_stride(); }
  size_t elements() const { return size_t(layers) * layer_stride(); }
  size_t bytes() const { return elements() * element_bytes(); }

  // Key of one token; its value lies value_offset() further on.
  size_t key_offset(int layer, int page, int kv_head, int token) const {
    return layer * layer_stride() + page * page_stride() + kv_head * head_stride() + size_t(token) * dim_stride();
  }
};

}  // namespace contexture
