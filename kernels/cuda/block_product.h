// Products with quantised weights, and their rows as halves.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace contexture {
namespace cuda {

// A matrix [outputs, inputs]: scale * (code - zero) or, where there are offsets, scale * code + offset, rounded to a half once.
// Of each 32 bits with eight codes of 4 bits, those at the bits 0, 16, 4, 20, 8, 24, 12 and 28 come in this order, so that
// one mask gives two neighbours. All pointers are the device's, at addresses of 16.
struct BlockWeights {
  const void* codes = nullptr;    // [outputs, inputs * bits / 8] bytes
  const void* scales = nullptr;   // [outputs, inputs / group] halves
  const void* offsets = nullptr;  // of the same shape, or null
  int64_t outputs = 0;
  int64_t inputs = 0;  // a multiple of kSpanInputs
  int32_t bits = 4;    // or 8
  int32_t group = 32;  // inputs that share a scale; of 8 bits also 16
  int32_t zero = 0;    // 0 to 255; 0 where there are offsets
};

constexpr int32_t kSpanInputs = 32;
// More take sliced_product.h.
constexpr int64_t kMostProductRows = 64;

// Throws std::invalid_argument for a matrix that there is no kernel for.
void check_block_weights(const BlockWeights& w);

// out = x W^T; x: [rows, inputs] halves at an address of 16, out: [rows, outputs] halves. Sums are float32, and a row's do not
// depend on the other rows. Reads the weights once: rows at most kMostProductRows.
void block_product(const BlockWeights& w, const void* x, void* out, int64_t rows, cudaStream_t stream);

// The rows first, first + 1, ...: out [count, inputs] halves.
void dense_rows(const BlockWeights& w, int64_t first, int64_t count, void* out, cudaStream_t stream);

// The rows of these ids, [count], zeros for ids that there are none of.
void block_rows(const BlockWeights& w, const int64_t* ids, int64_t count, void* out, cudaStream_t stream);

}  // namespace cuda
}  // namespace contexture
