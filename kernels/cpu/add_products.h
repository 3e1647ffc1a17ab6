// A thin product added to a matrix. Included inside the variant's namespace.
//
// Sums run over the depth in order and start from the base, whatever the tile: a row's result is the same bits in any
// batch.

template <int kRows, int kVecs>
static inline void add_products_tile(const AddProductsArgs& a, int64_t row, int64_t column) {
  Vec acc[kRows][kVecs];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVecs; ++v) acc[r][v] = load(a.base + (row + r) * a.stride + column + v * kLanes);
  for (int64_t d = 0; d < a.depth; ++d) {
    Vec b[kVecs];
#pragma GCC unroll 4
    for (int v = 0; v < kVecs; ++v) b[v] = load(a.b + d * a.stride + column + v * kLanes);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const Vec factor = set1(a.a[(row + r) * a.depth + d]);
#pragma GCC unroll 4
      for (int v = 0; v < kVecs; ++v) acc[r][v] = fma(factor, b[v], acc[r][v]);
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVecs; ++v) store(a.out + (row + r) * a.stride + column + v * kLanes, acc[r][v]);
}

template <int kRows>
static inline void add_products_rows(const AddProductsArgs& a, int64_t row) {
  constexpr int kWide = kRows == 1 ? 4 : 2;
  int64_t column = 0;
  for (; column + kWide * kLanes <= a.columns; column += kWide * kLanes) add_products_tile<kRows, kWide>(a, row, column);
  for (; column + kLanes <= a.columns; column += kLanes) add_products_tile<kRows, 1>(a, row, column);
  for (; column < a.columns; ++column)
    for (int r = 0; r < kRows; ++r) {
      float sum = a.base[(row + r) * a.stride + column];
      for (int64_t d = 0; d < a.depth; ++d)
        sum = __builtin_fmaf(a.a[(row + r) * a.depth + d], a.b[d * a.stride + column], sum);
      a.out[(row + r) * a.stride + column] = sum;
    }
}

static void add_products(const AddProductsArgs& a) {
  int64_t row = 0;
  for (; row + 4 <= a.rows; row += 4) add_products_rows<4>(a, row);
  for (; row < a.rows; ++row) add_products_rows<1>(a, row);
}
