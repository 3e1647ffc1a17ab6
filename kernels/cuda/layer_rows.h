// What attention kernels know of a layer's rows in the pool, and which head dimensions there are kernels for.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "contexture/paged_kv.h"

namespace contexture {
namespace cuda {

struct LayerRows {
  const char* keys = nullptr;  // of page 0, KV head 0, token 0
  int64_t page_bytes = 0, value_offset = 0, head_bytes = 0, row_stride = 0, row_bytes = 0;
  int32_t page_shift = 0;  // of the tokens of a page, a power of two

  LayerRows(const PoolGeometry& g, const void* pool, int32_t layer)
      : keys(static_cast<const char*>(pool) + layer * g.layer_bytes()),
        page_bytes(g.page_bytes()),
        value_offset(g.value_offset()),
        head_bytes(g.head_bytes()),
        row_stride(g.row_stride()),
        row_bytes(g.row_bytes()) {
    while (1 << page_shift < g.page_tokens) ++page_shift;
  }
};

// Calls launch(std::integral_constant<int, head_dim>()). Throws std::invalid_argument for another one.
template <class Launch>
void with_head_dim(int32_t head_dim, const Launch& launch) {
  switch (head_dim) {
    case 64: return launch(std::integral_constant<int, 64>());
    case 80: return launch(std::integral_constant<int, 80>());
    case 96: return launch(std::integral_constant<int, 96>());
    case 112: return launch(std::integral_constant<int, 112>());
    case 128: return launch(std::integral_constant<int, 128>());
    case 256: return launch(std::integral_constant<int, 256>());
    default:
      throw std::invalid_argument("head_dim is " + std::to_string(head_dim) +
                                  "; there are kernels for 64, 80, 96, 112, 128 and 256");
  }
}

}  // namespace cuda
}  // namespace contexture
