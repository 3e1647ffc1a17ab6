// Product with 8-bit weights in float32. Included inside the variant's namespace.
//
// One pass over the weights serves up to kProductRows rows; a sum takes its terms in the same order whatever the rows
// beside it, so a row's result is the same bits in any batch.

constexpr int kProductOutputs = 4;
// The weights are one stream of which this much is asked for ahead, into the second-level cache.
constexpr int64_t kProductPrefetchBytes = 8192;

template <int kRows>
static void int8_product_tile(const Int8ProductArgs& a, int64_t row, int64_t output) {
  Vec acc[kRows][kProductOutputs];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int o = 0; o < kProductOutputs; ++o) acc[r][o] = zero();
  const float* x = a.x + row * a.inputs;
  const int64_t blocks = a.inputs / a.block;
  for (int64_t b = 0; b < blocks; ++b) {
    Vec scale[kProductOutputs];
#pragma GCC unroll 4
    for (int o = 0; o < kProductOutputs; ++o) {
      scale[o] = set1(a.scales[(output + o) * blocks + b]);
      __builtin_prefetch(a.codes + (output + o) * a.inputs + b * a.block + kProductPrefetchBytes, 0, 2);
    }
    for (int64_t i = b * a.block; i < (b + 1) * a.block; i += kLanes)
#pragma GCC unroll 4
      for (int o = 0; o < kProductOutputs; ++o) {
        const Vec weight = mul(load(a.codes + (output + o) * a.inputs + i), scale[o]);
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) acc[r][o] = fma(weight, load(x + r * a.inputs + i), acc[r][o]);
      }
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) store_sums(a.out + (row + r) * a.outputs + output, acc[r]);
}

template <int kRows>
static void int8_product_rows(const Int8ProductArgs& a, int64_t row, int64_t first, int64_t last) {
  int64_t output = first;
  for (; output + kProductOutputs <= last; output += kProductOutputs) int8_product_tile<kRows>(a, row, output);
  if (output < last) int8_product_tile<kRows>(a, row, last - kProductOutputs);  // some again, to the same result
}

// Outputs [first, last), at least kProductOutputs, of all rows.
static void int8_product(const Int8ProductArgs& a, int64_t first, int64_t last) {
  int64_t row = 0;
  for (; row + kProductRows <= a.rows; row += kProductRows) int8_product_rows<kProductRows>(a, row, first, last);
  for (; row < a.rows; ++row) int8_product_rows<1>(a, row, first, last);
}
