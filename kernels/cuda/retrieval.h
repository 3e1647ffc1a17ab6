// The retrieval head on the device: keys of 4 bits, scored in one streaming pass before the model runs, and the selection of
// the positions that weigh most (SpeContext, arXiv 2512.00722). The same rounding of keys as on the CPU, another order in
// memory:
//
//   pool   [page][list]([token in page][row_dim / 8 words] [token in page] scale f32)
//   word   eight values of a key in their order, the first in the lowest four bits, kept as 1 to 15 for -7 to 7 steps
//
// Idea: a lane's words of a key are contiguous, and a dot product does not care in which order its columns come; so the
// words that a lane loads are, nibble by nibble, its part of a tensor core's operand, and nothing passes through shared
// memory. Scores are written once and read once for the weights; lists do not depend on each other.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "contexture/selection.h"
#include "cuda/device.h"

namespace contexture {
namespace cuda {

constexpr int32_t kMostHeadsPerList = 16;

struct DeviceKeyGeometry {
  int32_t groups = 0;
  int32_t kv_heads = 0;     // per group
  int32_t query_heads = 0;  // per group, a multiple of kv_heads
  int32_t head_dim = 0;     // at most 256
  int32_t page_tokens = 0;  // a multiple of 8
  int32_t pages = 0;

  int32_t lists() const { return groups * kv_heads; }
  int32_t heads_per_list() const { return query_heads / kv_heads; }
  int32_t row_dim() const { return (head_dim + 31) / 32 * 32; }
  int64_t row_bytes() const { return row_dim() / 2; }
  int64_t scales_offset() const { return page_tokens * row_bytes(); }  // in a list's part of a page
  int64_t list_bytes() const { return scales_offset() + page_tokens * static_cast<int64_t>(sizeof(float)); }
  int64_t page_bytes() const { return lists() * list_bytes(); }
  int64_t pool_bytes() const { return pages * page_bytes(); }
};

// Throws std::invalid_argument for keys that there is no kernel for.
void check_geometry(const DeviceKeyGeometry& geometry);

// All pointers are the device's.
struct AppendDeviceKeys {
  DeviceKeyGeometry geometry;
  void* pool = nullptr;
  int32_t rows = 0;
  const float* keys = nullptr;         // [rows, lists * head_dim], not yet rotated
  const int32_t* positions = nullptr;  // [rows]; below 0: no row
  const int32_t* slots = nullptr;      // [rows]
  const float* rope_cos = nullptr;     // [positions, head_dim / 2]
  const float* rope_sin = nullptr;
};
void append_keys(const AppendDeviceKeys& args, cudaStream_t stream);

// One row per sequence that wants a selection. The grid depends on the bucket (rows, most_positions) only.
struct SelectDeviceRows {
  DeviceKeyGeometry geometry;
  const void* pool = nullptr;
  int32_t rows = 0;
  int32_t most_positions = 0;             // that a row may have before it, its own included
  const int32_t* positions = nullptr;     // [rows] the row's own; below 0: no row, and its counts become -1
  const int32_t* page_offsets = nullptr;  // [rows]
  const int32_t* pages = nullptr;
  const SelectionRule* rules = nullptr;    // [rows]
  int32_t most_blocks = 0;                 // that a row may have; 0: all rules choose tokens
  const int32_t* block_offsets = nullptr;  // [rows + 1], with most_blocks
  const int32_t* block_ends = nullptr;     // ascending within a row
  const float* queries = nullptr;          // [rows, groups * query_heads * head_dim], not yet rotated
  const float* rope_cos = nullptr;
  const float* rope_sin = nullptr;
  int32_t stride = 0;          // at least what each rule can select
  float* workspace = nullptr;  // workspace_floats()
  int32_t* counts = nullptr;   // [rows, lists] out
  int32_t* chosen = nullptr;   // [rows, lists, stride] out: positions, ascending; or null
  int32_t* slots = nullptr;    // the same in slots
  float* mass = nullptr;       // [rows, lists] out: the share of the middle's weight that is selected
};
size_t workspace_floats(const SelectDeviceRows& args);

// Only the first of the kernels, for timings.
void score_keys(const SelectDeviceRows& args, cudaStream_t stream);
void score_and_select(const SelectDeviceRows& args, cudaStream_t stream);

}  // namespace cuda
}  // namespace contexture
