// A step on the device: tables at fixed addresses, so that a captured graph reads those of the step it is replayed for.
#pragma once

#include <cstdint>

namespace contexture {
namespace cuda {

// Sequence s brings one row, at position lengths[s] - 1, and lies on pages[page_offsets[s] ...]. All pointers are the
// device's.
struct DecodeTables {
  int32_t sequences = 0;                  // of the graph: a bucket; those without a row have length 0
  const int32_t* lengths = nullptr;       // [sequences] tokens, the row's own included
  const int32_t* page_offsets = nullptr;  // [sequences]
  const int32_t* pages = nullptr;
};

// What some rows attend to instead of everything: lists of slots per (row, layer group, KV head).
struct DeviceSelection {
  int32_t groups = 0;
  int32_t kv_heads = 0;                      // the pool's, or 1 where all KV heads share a list
  int32_t stride = 0;                        // room of a list
  const int32_t* row_of_sequence = nullptr;  // [sequences] or -1: everything. Null: all attend to everything
  const int32_t* counts = nullptr;           // [rows, groups, kv_heads]
  const int32_t* slots = nullptr;            // [rows, groups, kv_heads, stride]
};

}  // namespace cuda
}  // namespace contexture
