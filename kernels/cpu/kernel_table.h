// The kernels of one instruction set, chosen once at start.
#pragma once

#include <cstdint>

#include "contexture/attention.h"

namespace contexture {

struct DecodeItem {
  const SequenceRows* sequence;
  int kv_head;
  int begin;  // positions [begin, end) of this part
  int end;
  float* partial;  // [group, 2 + dim_stride]: maximum, sum, weighted values
};

struct PrefillItem {
  const SequenceRows* sequence;
  int kv_head;
  int begin;  // rows [begin, end) of the sequence's new tokens
  int end;
};

struct KernelTable {
  const char* name;
  // Norm, rotation, scaling of one row's queries into scratch; norm, rotation and append of its key and value.
  void (*append_row)(const AttentionParams&, float* queries, const SequenceRows&, int row);
  void (*decode_part)(const AttentionParams&, const float* queries, const DecodeItem&);
  // Merges `parts` consecutive partials of one row and KV head into the output.
  void (*merge_parts)(const AttentionParams&, const float* partials, int parts, float* out);
  void (*prefill_tile)(const AttentionParams&, const float* queries, const PrefillItem&);
  void (*block_sum)(const float* x, int64_t width, int64_t block, float* sums);
  void (*swiglu)(const float* gate_up, int64_t width, int64_t block, float* y, float* sums);
};

const KernelTable& portable_kernels();
#if defined(__x86_64__)
const KernelTable& avx2_kernels();
const KernelTable& avx512_kernels();
#endif

// The best table this processor runs; CONTEXTURE_ISA=portable|avx2|avx512 asks for a lower one.
const KernelTable& kernels();

}  // namespace contexture
