// C[m, n] (+)= A[m, k] B[k, n] for small row-major tiles in cache. Each element is one chain of fused multiply-adds over
// k in order, so it does not depend on how rows and columns are grouped.
#pragma once

#include "simd.h"

namespace contexture {
namespace CTX_ISA_NAMESPACE {

struct GemmTile {
  const float* a;
  int lda;
  const float* b;
  int ldb;
  float* c;
  int ldc;
  int depth;
  bool accumulate;
};

template <int Rows, int Vectors>
inline void gemm_block(const GemmTile& t, int row, int column) {
  Vec acc[Rows][Vectors];
  float* c = t.c + size_t(row) * t.ldc + column;
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Vectors; ++j) acc[i][j] = t.accumulate ? load(c + size_t(i) * t.ldc + j * kLanes) : zero();
  const float* a = t.a + size_t(row) * t.lda;
  const float* b = t.b + column;
  for (int k = 0; k < t.depth; ++k, b += t.ldb) {
    Vec bk[Vectors];
    for (int j = 0; j < Vectors; ++j) bk[j] = load(b + j * kLanes);
    for (int i = 0; i < Rows; ++i) {
      const Vec ai = broadcast(a[size_t(i) * t.lda + k]);
      for (int j = 0; j < Vectors; ++j) acc[i][j] = fma(ai, bk[j], acc[i][j]);
    }
  }
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Vectors; ++j) store(c + size_t(i) * t.ldc + j * kLanes, acc[i][j]);
}

template <int Vectors>
inline void gemm_rows(const GemmTile& t, int rows, int column) {
  int row = 0;
  for (; row + kGemmRows <= rows; row += kGemmRows) gemm_block<kGemmRows, Vectors>(t, row, column);
  switch (rows - row) {
    case 5: if constexpr (kGemmRows > 5) gemm_block<5, Vectors>(t, row, column); break;
    case 4: if constexpr (kGemmRows > 4) gemm_block<4, Vectors>(t, row, column); break;
    case 3: gemm_block<3, Vectors>(t, row, column); break;
    case 2: gemm_block<2, Vectors>(t, row, column); break;
    case 1: gemm_block<1, Vectors>(t, row, column); break;
    default: break;
  }
}

// columns: a multiple of kLanes
inline void gemm(const GemmTile& t, int rows, int columns) {
  constexpr int kWide = kGemmVectors * kLanes;
  int column = 0;
  for (; column + kWide <= columns; column += kWide) gemm_rows<kGemmVectors>(t, rows, column);
  for (; column < columns; column += kLanes) gemm_rows<1>(t, rows, column);
}

}  // namespace CTX_ISA_NAMESPACE
}  // namespace contexture
