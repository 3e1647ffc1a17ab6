// Norm, rotary and append of a step's rows in one pass: queries to a buffer, keys and values into the pool.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "contexture/paged_kv.h"
#include "cuda/device.h"

namespace contexture {
namespace cuda {

// All pointers are the device's.
struct PrepareRows {
  PoolGeometry geometry;  // rows of 16 bits, head_dim a multiple of 16, at most 256
  Element element = Element::kF16;
  void* pool = nullptr;
  int32_t layer = 0;
  int32_t num_heads = 0;
  int32_t rows = 0;
  const void* qkv = nullptr;           // [rows, (num_heads + 2 * kv_heads) * head_dim]
  const int32_t* positions = nullptr;  // [rows]; below 0: no row
  const int32_t* slots = nullptr;      // [rows]
  const float* rope_cos = nullptr;     // [positions, head_dim / 2]
  const float* rope_sin = nullptr;
  const void* q_norm = nullptr;  // [head_dim] or null
  const void* k_norm = nullptr;
  float norm_epsilon = 1e-6f;
  // Where else a row's keys and values go: pages of the same kind, and a slot there for each KV head. Null: nowhere.
  void* also = nullptr;
  const int32_t* also_row = nullptr;    // [rows] a row of also_slots, or -1
  const int32_t* also_slots = nullptr;  // [rows, also_lists]
  int32_t also_lists = 0;
  int32_t also_first = 0;        // of the lists of this layer
  bool also_one_list = false;    // for all KV heads
  void* q = nullptr;  // [rows, num_heads, head_dim] out
};

void prepare_rows(const PrepareRows& args, cudaStream_t stream);

}  // namespace cuda
}  // namespace contexture
