// AVX-512 vectors. Included by kernels_avx512.cc only: everything here has internal linkage through its namespace.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace contexture {
namespace avx512 {

using Vec = __m512;
constexpr int kLanes = 16;
constexpr int kTileRows = 6;       // register tile of the matrix kernels: rows
constexpr int kTileVecs = 4;       // and vectors per row
constexpr int kProductRows = 4;    // rows that share one pass over 8-bit weights
constexpr int kMaxHeadBlock = 4;   // query heads that share one pass over K or V
constexpr int keys_per_block(int heads) { return heads <= 3 ? 8 : 4; }

static inline Vec zero() { return _mm512_setzero_ps(); }
static inline Vec set1(float x) { return _mm512_set1_ps(x); }
static inline Vec load(const float* p) { return _mm512_loadu_ps(p); }
static inline Vec load(const uint16_t* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
static inline Vec load(const int8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
static inline void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
// Whole numbers in 0..255.
static inline Vec load(const uint8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
static inline void store(uint8_t* p, Vec v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
}
static inline void store(uint16_t* p, Vec v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}
static inline Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
static inline Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
static inline Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
static inline Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
static inline Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
static inline Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }  // b where either is NaN
static inline Vec min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
static inline Vec round_nearest(Vec x) {
  return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// x * 2^n for integral n in [-126, 127].
static inline Vec scale_by_power(Vec x, Vec n) { return _mm512_scalef_ps(x, n); }
// x, or 0 where key < bound.
static inline Vec zero_below(Vec x, Vec key, Vec bound) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(key, bound, _CMP_NLT_UQ), x);
}

// A bit per lane where a > b.
static inline uint32_t greater_bits(Vec a, Vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }

// Chunks of eight keys of 4 bits and a query of 8 (contexture/retrieval.h), by 16-bit sums that take so many chunks.
struct KeyChunk {
  __m512i low, high;
};
using ShortSums = __m512i;
using KeySums = __m512i;
constexpr int kShortChunks = 4, kShortBytes = 64;  // of a vector
static inline KeySums no_sums() { return _mm512_setzero_si512(); }
static inline ShortSums no_short_sums() { return _mm512_setzero_si512(); }
static inline KeyChunk load_chunk(const uint8_t* chunk) {
  const __m512i halves = _mm512_set1_epi8(15), bytes = _mm512_loadu_si512(chunk);
  return {_mm512_and_si512(bytes, halves), _mm512_and_si512(_mm512_srli_epi16(bytes, 4), halves)};
}
static inline ShortSums add_chunk(ShortSums sums, const KeyChunk& keys, const int8_t* q) {
  const __m512i low = _mm512_maddubs_epi16(keys.low, _mm512_loadu_si512(q));
  const __m512i high = _mm512_maddubs_epi16(keys.high, _mm512_loadu_si512(q + 64));
  return _mm512_add_epi16(sums, _mm512_add_epi16(low, high));
}
static inline KeySums add_short_sums(KeySums sums, ShortSums more) {
  return _mm512_add_epi32(sums, _mm512_madd_epi16(more, _mm512_set1_epi16(1)));
}
// out[i] = factor * scales[i] * (key i's sum - excess), for i in [0, 8).
static inline void store_eight(float* out, KeySums sums, int32_t excess, float factor, const float* scales) {
  const __m256i eight = _mm256_add_epi32(_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64(sums, 1));
  const __m256 scale = _mm256_mul_ps(_mm256_set1_ps(factor), _mm256_loadu_ps(scales));
  _mm256_storeu_ps(out, _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(eight, _mm256_set1_epi32(excess))), scale));
}

static inline float sum_lanes(Vec v) {
  __m256 h = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  q = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
static inline float max_lanes(Vec v) {
  __m256 h = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  __m128 q = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  q = _mm_max_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}

// The sums of four vectors inside each 128-bit lane, in order.
static inline Vec sum_quads(Vec a, Vec b, Vec c, Vec d) {
  const Vec ab = add(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
  const Vec cd = add(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
  return add(_mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd))),
             _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd))));
}

// out[i] = sum of the lanes of v[i]. Every sum uses the same tree, whatever its place and the count.
static inline void store_sums(float* out, const Vec (&v)[4]) {
  const Vec s = sum_quads(v[0], v[1], v[2], v[3]);
  const __m256 h = _mm256_add_ps(_mm512_castps512_ps256(s), _mm512_extractf32x8_ps(s, 1));
  _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1)));
}
static inline void store_sums(float* out, const Vec (&v)[8]) {
  const Vec a = sum_quads(v[0], v[1], v[2], v[3]);
  const Vec b = sum_quads(v[4], v[5], v[6], v[7]);
  const Vec half = add(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
  const Vec whole = add(half, _mm512_shuffle_f32x4(half, half, 0xb1));
  _mm256_storeu_ps(out, _mm512_castps512_ps256(_mm512_shuffle_f32x4(whole, whole, 0x08)));
}

// Rows become columns: r[i][j] -> r[j][i].
static inline void transpose(Vec (&r)[kLanes]) {
  Vec t[16];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  // Afterwards 128-bit lane l of r[4q + c] holds column 4l + c of the rows 4q .. 4q + 3.
#pragma GCC unroll 4
  for (int q = 0; q < 16; q += 4) {
    const __m512d a = _mm512_castps_pd(t[q]), b = _mm512_castps_pd(t[q + 2]);
    const __m512d c = _mm512_castps_pd(t[q + 1]), d = _mm512_castps_pd(t[q + 3]);
    r[q] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
    r[q + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
    r[q + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(c, d));
    r[q + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(c, d));
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const Vec even_low = _mm512_shuffle_f32x4(r[c], r[4 + c], 0x88);
    const Vec even_high = _mm512_shuffle_f32x4(r[8 + c], r[12 + c], 0x88);
    const Vec odd_low = _mm512_shuffle_f32x4(r[c], r[4 + c], 0xdd);
    const Vec odd_high = _mm512_shuffle_f32x4(r[8 + c], r[12 + c], 0xdd);
    t[c] = _mm512_shuffle_f32x4(even_low, even_high, 0x88);
    t[4 + c] = _mm512_shuffle_f32x4(odd_low, odd_high, 0x88);
    t[8 + c] = _mm512_shuffle_f32x4(even_low, even_high, 0xdd);
    t[12 + c] = _mm512_shuffle_f32x4(odd_low, odd_high, 0xdd);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i] = t[i];
}

}  // namespace avx512
}  // namespace contexture
