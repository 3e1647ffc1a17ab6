// Attention of chunks of prompts over the paged pool: each row sees everything up to itself.
//
// Idea: four warps with sixteen rows each share what they read of keys and values in shared memory; causality is a matter of
// which tiles a warp has to look at, and of a mask in the last ones (FlashAttention-2, arXiv 2307.08691, in its simplest
// form). Trade-off: no warp specialisation and no wgmma, so a Hopper's tensor cores are not used up; prompts are computed
// once.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "contexture/paged_kv.h"
#include "cuda/device.h"

namespace contexture {
namespace cuda {

constexpr int32_t kPrefillTileRows = 64;

// Up to kPrefillTileRows rows of one chunk.
struct PrefillTile {
  int32_t first_row;  // of the step
  int32_t rows;
  int32_t position;     // of the first
  int32_t page_offset;  // of the sequence's pages
};

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
  const void* q = nullptr;  // [rows of the step, num_heads, head_dim] normed and rotated
  void* out = nullptr;      // the same shape; only rows of tiles are written
};

// Throws std::invalid_argument for a shape that there is no kernel for, CudaError for a failed launch.
void prefill_attention(const PrefillAttention& args, cudaStream_t stream);

}  // namespace cuda
}  // namespace contexture
