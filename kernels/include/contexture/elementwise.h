// Small operations around the 4-bit products, and the product of the output head.
#pragma once

#include <cstdint>

#include "contexture/execution.h"

namespace contexture {

// Whether sums are of the values themselves or of what a product with 8-bit activations makes of them: each block
// rounded to 127 steps of its largest magnitude. A correction that is added to such a product must use the latter, so
// that the rounding errors of both are those of one product with the whole weight.
enum class SumOf { kValues, kInt8 };

// sums[t, b] = sum of x[t, b * block .. (b + 1) * block)
void block_sum(const float* x /* [rows, width] */, float* sums /* [rows, width / block] */, int64_t rows,
               int64_t width, int64_t block, SumOf sum_of, const Execution& execution);

// What completes a product with weights scale * (code - zero) to one with weights scale * code + minimum:
// out[t, n] = product[t, n] + sum over blocks b of block_sum(x)[t, b] * corrections[b, n]. A row's result does not
// depend on the other rows.
struct BlockCorrection {
  const float* product;      // [rows, outputs]
  const float* x;            // [rows, inputs]
  const float* corrections;  // [inputs / block, outputs]
  float* out;                // [rows, outputs], may be product
  int64_t rows, inputs, outputs, block;
  SumOf sum_of;
};
void add_block_corrections(const BlockCorrection& args, const Execution& execution);

// The product with weights codes * scales that are kept in 8 bits: activations and sums stay float32, which costs
// nothing as long as few rows wait for the weights to be read. inputs is a multiple of block, block of 16, outputs >= 4.
struct Int8Product {
  const float* x;       // [rows, inputs]
  const int8_t* codes;  // [outputs, inputs]
  const float* scales;  // [outputs, inputs / block]
  float* out;           // [rows, outputs]
  int64_t rows, inputs, outputs, block;
};
void int8_product(const Int8Product& args, const Execution& execution);

// Rows of a table that is kept in 8 bits: out[t, i] = codes[ids[t], i] * its block's scale. Every id is in [0, table rows).
struct Int8Rows {
  const int8_t* codes;   // [table rows, width]
  const float* scales;   // [table rows, width / block]
  const int64_t* ids;    // [rows]
  float* out;            // [rows, width]
  int64_t rows, width, block;
};
void int8_rows(const Int8Rows& args, const Execution& execution);

// y = silu(gate) * up
void swiglu(const float* gate_up /* [rows, 2 * width] */, float* y /* [rows, width] */, int64_t rows, int64_t width,
            const Execution& execution);

}  // namespace contexture
