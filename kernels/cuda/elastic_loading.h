// Elastic loading: layers whose keys and values are in host memory keep on the device what selections name, and each step
// loads only what the one before did not have (SpeContext, arXiv 2512.00722).
//
// Idea: keys are stored rotated, so the order in which a list's rows lie does not matter. A list then is a set of slots, and
// a new token takes the slot of one that is not wanted any more; nothing moves. All layers of a group share the difference,
// which is made once per step on the device. Rows are fetched by threads that read page-locked host memory, many in flight,
// as there is no run long enough for a copy engine.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "contexture/paged_kv.h"
#include "cuda/device.h"

namespace contexture {
namespace cuda {

// What a step's selections want, what is held of them, and what has to come. All pointers are the device's.
struct LoadDifference {
  int32_t rows = 0, lists = 0, stride = 0;
  const int32_t* chosen = nullptr;     // [rows] the row of the selection that is each row's
  const int32_t* counts = nullptr;     // [rows of the selection, lists]
  const int32_t* positions = nullptr;  // [rows of the selection, lists, stride] ascending
  const int32_t* slots = nullptr;      // the same in slots of the pool
  const int32_t* places = nullptr;     // [rows] of each row's sequence
  const int32_t* owners = nullptr;     // [rows] which sequence has the place; another one than before begins with nothing
  const int32_t* own = nullptr;        // [rows] the row's own position, which the step writes instead of loading it
  int32_t most_positions = 0;          // that a position is below

  int32_t room = 0;               // slots of a list, at least any count
  int32_t* held = nullptr;        // [places, lists, room] the position in each slot
  int32_t* held_owner = nullptr;  // [places, lists], 0: nobody

  int32_t* resident = nullptr;     // out, [rows, lists, room]: place * room + slot of each that is wanted, in any order
  int32_t* own_slots = nullptr;    // out, [rows, lists]: that of the row's own position
  int32_t* load_counts = nullptr;  // out, [rows, lists]
  int32_t* load_from = nullptr;    // out, [rows, lists, room] slots of the pool
  int32_t* load_to = nullptr;      // out, [rows, lists, room] resident slots
};

// Positions that the kernel's shared memory has room for beside lists of `room`.
int64_t most_loadable_positions(int32_t room);

// Throws std::invalid_argument for more than most_loadable_positions().
void load_difference(const LoadDifference& args, cudaStream_t stream);

// One layer's share of a difference: rows of keys and values from host memory to the resident slots.
struct GatherRows {
  PoolGeometry geometry;        // of the pool; resident slots lie in pages of the same kind
  const void* host = nullptr;   // the layer's pages in page-locked host memory
  void* resident = nullptr;     // the layer's resident pages
  int32_t rows = 0, lists = 0, room = 0;
  int32_t first_list = 0;       // of the layer's group; there are as many as KV heads, or one for all of them
  int32_t group_lists = 0;
  const int32_t* load_counts = nullptr;
  const int32_t* load_from = nullptr;
  const int32_t* load_to = nullptr;
};
void gather_rows(const GatherRows& args, cudaStream_t stream);

// Whole pages of a layer from one memory to another, page i of `to` from pages[i] of `from`, or the other way round.
struct GatherPages {
  PoolGeometry geometry;
  const void* from = nullptr;
  void* to = nullptr;
  const int32_t* from_pages = nullptr;  // null: page i
  const int32_t* to_pages = nullptr;
  int32_t count = 0;
};
void gather_pages(const GatherPages& args, cudaStream_t stream);

}  // namespace cuda
}  // namespace contexture
