// Attention of decode rows over the paged pool, each KV head over a list of its own or over everything.
//
// Idea: a list of single slots costs no more than whole pages as long as enough rows are under way, since the rows of one
// key and one value are contiguous. So there is one kernel for both, and a page size of one (FlashInfer's way to run sparse
// lists, its paged decode with single-token pages; here several query heads share each load through the tensor cores).
// Trade-off: with fewer than 16 query heads per KV head rows of the matrix products stay empty; the memory is the bound, not
// they. Grids depend on the bucket only, so captured graphs serve every step.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "contexture/paged_kv.h"
#include "cuda/device.h"
#include "cuda/step_tables.h"

namespace contexture {
namespace cuda {

constexpr int32_t kMostHeadsPerKvHead = 16;

struct DecodeAttention {
  PoolGeometry geometry;  // rows of 16 bits; head_dim 64, 80, 96, 112, 128 or 256
  Element element = Element::kF16;
  const void* pool = nullptr;  // device
  int32_t layer = 0;
  int32_t layer_group = 0;  // whose lists count
  int32_t num_heads = 0;    // at most kMostHeadsPerKvHead times the KV heads
  float scale = 1.0f;
  DecodeTables tables;
  DeviceSelection selection;
  const void* q = nullptr;   // [sequences, num_heads, head_dim] normed and rotated
  void* out = nullptr;       // the same shape; rows of sequences of length 0 become 0
  int32_t splits = 1;        // parts of a list that run side by side
  float* partial = nullptr;  // partial_floats(), if there are several
};

// As many as run side by side, since a few blocks behind the others would take as long as all of them, or a few more where that
// leaves much of the device idle; but each part worth its launch. tokens: what the longest list will hold.
int32_t decode_splits(int32_t sequences, int32_t kv_heads, int32_t tokens, int32_t multiprocessors);

size_t partial_floats(int32_t sequences, int32_t num_heads, int32_t splits, int32_t head_dim);

// Throws std::invalid_argument for a shape that there is no kernel for, CudaError for a failed launch.
void decode_attention(const DecodeAttention& args, cudaStream_t stream);

}  // namespace cuda
}  // namespace contexture
