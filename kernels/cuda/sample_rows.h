// Draws tokens from rows of logits that lie on the device.
//
// Idea: nothing is sorted. Weights become whole numbers of a fixed step, so that sums do not depend on their order; the
// border of top_k, that of top_p and the drawn token itself are then each a descent over the digits of the weight, with
// counts and sums per digit, and among equal weights a search in order of ids. Trade-off: a weight below some 2^-46 of the
// largest, for a vocabulary of 2^17, counts as nothing, and a draw may differ from one by sums in double where the uniform
// number hits a border to within 2^-28. Reference: radix selection, Alabi et al., "Fast k-Selection Algorithms for Graphics
// Processing Units", 2012.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "capi/contexture.h"

namespace contexture {
namespace cuda {

struct SampleRows {
  int32_t count = 0;
  int32_t tokens = 0;                    // ids below this are drawn
  int64_t vocabulary = 0;                // columns of the logits, at least `tokens`
  const float* logits = nullptr;         // [.., vocabulary]
  const ctx_sample_row* rows = nullptr;  // [count]; `wanted` is a row of the logits
  const ctx_logit_change* changes = nullptr;
  const uint64_t* masks = nullptr;   // [..][words_of_mask(tokens)]
  float* weights = nullptr;          // workspace, [count, tokens]
  ctx_drawn_token* drawn = nullptr;  // [count]; the token is kNotNumbers where logits are not numbers
};

constexpr int32_t kNotNumbers = -1;

// What is asked for, in host memory.
struct DrawOrder {
  const ctx_sample_row* rows = nullptr;
  int32_t count = 0;
  const ctx_logit_change* changes = nullptr;
  int32_t change_count = 0;
  const uint64_t* masks = nullptr;  // [mask_count][words_of_mask(tokens)]
  int32_t mask_count = 0;
};

__host__ __device__ inline int64_t words_of_mask(int32_t tokens) { return (static_cast<int64_t>(tokens) + 63) / 64; }

// Throws InvalidArgument for what the kernel could not bear; rows are of `wanted` rows.
void check_sample_rows(int32_t tokens, int64_t vocabulary, int32_t wanted, const DrawOrder& order);

// All pointers are the device's.
void sample_rows(const SampleRows& args, cudaStream_t stream);

}  // namespace cuda
}  // namespace contexture
