// Attention of chunks of prompts over the paged pool: each row sees everything up to itself.
//
// Idea: a chunk is cut into tiles, and a tile says all that a kernel has to know: its rows, and that its keys end with the
// last of them. So nothing is planned per kernel and step, and tiles of different sequences mix as they come.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <vector>

#include "contexture/paged_kv.h"
#include "cuda/device.h"

namespace contexture {
namespace cuda {

constexpr int32_t kPrefillTileRows = 128;

// Up to kPrefillTileRows rows of one chunk.
struct PrefillTile {
  int32_t first_row;  // of the step
  int32_t rows;
  int32_t position;     // of the first
  int32_t page_offset;  // of the sequence's pages
};

// Cuts a chunk of any length; the tiles of a step end with put_longest_first.
void append_tiles(const PrefillTile& chunk, std::vector<PrefillTile>* tiles);
// Blocks start in this order: the last to end are then those with little to do.
void put_longest_first(std::vector<PrefillTile>* tiles);

struct PrefillAttention {
  PoolGeometry geometry;  // as of decode attention
  Element element = Element::kF16;
  const void* pool = nullptr;  // device, as the pointers below
  int32_t layer = 0;
  int32_t num_heads = 0;
  float scale = 1.0f;
  int32_t tile_count = 0;
  const PrefillTile* tiles = nullptr;
  const int32_t* pages = nullptr;
  int32_t rows = 0;         // of the step
  const void* q = nullptr;  // [rows, num_heads, head_dim] normed and rotated
  void* out = nullptr;      // the same shape; only rows of tiles are written
};

// By the first of prefill_kernels() that takes the shape. Throws std::invalid_argument for a shape that there is no kernel
// for, CudaError for a failed launch.
void prefill_attention(const PrefillAttention& args, cudaStream_t stream);

}  // namespace cuda
}  // namespace contexture
