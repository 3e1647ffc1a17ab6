// One layer's attention for the rows of a pool's step, wherever the layer's keys and values are.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/device_pool.h"

namespace contexture {
namespace cuda {

// All pointers are the device's; numbers of 16 bits are the pool's: halves or bf16.
struct AttentionStep {
  int32_t layer = 0;
  int32_t num_heads = 0;
  float scale = 1.0f;
  float norm_epsilon = 1e-6f;
  const void* qkv = nullptr;        // [rows of the run, (num_heads + 2 * kv_heads) * head_dim]
  const float* rope_cos = nullptr;  // [positions, head_dim / 2]
  const float* rope_sin = nullptr;
  const void* q_norm = nullptr;  // [head_dim] or null
  const void* k_norm = nullptr;
  void* out = nullptr;  // [rows of the run, num_heads * head_dim]
};

// Appends the rows' keys and values, then attends. Throws std::invalid_argument for a shape that there is no kernel for,
// CudaError for a failed launch.
void run_attention(DevicePool& pool, const AttentionStep& step, cudaStream_t stream);

}  // namespace cuda
}  // namespace contexture
