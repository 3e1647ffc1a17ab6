// AVX2 + FMA + F16C vectors. Included by kernels_avx2.cc only.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace contexture {
namespace avx2 {

using Vec = __m256;
constexpr int kLanes = 8;
constexpr int kProductRows = 2;
constexpr int kTileRows = 6;
constexpr int kTileVecs = 2;
constexpr int kMaxHeadBlock = 3;
constexpr int keys_per_block(int heads) { return heads == 1 ? 8 : 4; }

static inline Vec zero() { return _mm256_setzero_ps(); }
static inline Vec set1(float x) { return _mm256_set1_ps(x); }
static inline Vec load(const float* p) { return _mm256_loadu_ps(p); }
static inline Vec load(const uint16_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
static inline Vec load(const int8_t* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
static inline void store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
// Whole numbers in 0..255.
static inline Vec load(const uint8_t* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
static inline void store(uint8_t* p, Vec v) {
  const __m256i whole = _mm256_cvtps_epi32(v);
  const __m128i shorts = _mm_packus_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(shorts, shorts));
}
static inline void store(uint16_t* p, Vec v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}
static inline Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
static inline Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
static inline Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
static inline Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
static inline Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
static inline Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }  // b where either is NaN
static inline Vec min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
static inline Vec round_nearest(Vec x) {
  return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// x * 2^n for integral n in [-126, 127].
static inline Vec scale_by_power(Vec x, Vec n) {
  const __m256i bits = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return _mm256_mul_ps(x, _mm256_castsi256_ps(_mm256_slli_epi32(bits, 23)));
}
static inline Vec zero_below(Vec x, Vec key, Vec bound) {
  return _mm256_and_ps(x, _mm256_cmp_ps(key, bound, _CMP_NLT_UQ));
}

static inline uint32_t greater_bits(Vec a, Vec b) {
  return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)));
}

struct KeyChunk {
  __m256i low[2], high[2];
};
using ShortSums = __m256i;
using KeySums = __m256i;
constexpr int kShortChunks = 2, kShortBytes = 32;
static inline KeySums no_sums() { return _mm256_setzero_si256(); }
static inline ShortSums no_short_sums() { return _mm256_setzero_si256(); }
static inline KeyChunk load_chunk(const uint8_t* chunk) {
  const __m256i halves = _mm256_set1_epi8(15);
  KeyChunk keys;
  for (int i = 0; i < 2; ++i) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(chunk) + i);
    keys.low[i] = _mm256_and_si256(bytes, halves);
    keys.high[i] = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), halves);
  }
  return keys;
}
static inline ShortSums add_chunk(ShortSums sums, const KeyChunk& keys, const int8_t* q) {
  const auto* vectors = reinterpret_cast<const __m256i*>(q);
  for (int i = 0; i < 2; ++i) {
    sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(keys.low[i], _mm256_loadu_si256(vectors + i)));
    sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(keys.high[i], _mm256_loadu_si256(vectors + 2 + i)));
  }
  return sums;
}
static inline KeySums add_short_sums(KeySums sums, ShortSums more) {
  return _mm256_add_epi32(sums, _mm256_madd_epi16(more, _mm256_set1_epi16(1)));
}
static inline void store_eight(float* out, KeySums sums, int32_t excess, float factor, const float* scales) {
  const __m256 scale = _mm256_mul_ps(_mm256_set1_ps(factor), _mm256_loadu_ps(scales));
  const __m256i exact = _mm256_sub_epi32(sums, _mm256_set1_epi32(excess));
  _mm256_storeu_ps(out, _mm256_mul_ps(_mm256_cvtepi32_ps(exact), scale));
}

static inline float sum_lanes(Vec v) {
  __m128 q = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  q = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
static inline float max_lanes(Vec v) {
  __m128 q = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  q = _mm_max_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}

// The sums of four vectors inside each 128-bit lane, in order.
static inline Vec sum_quads(Vec a, Vec b, Vec c, Vec d) {
  const Vec ab = add(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
  const Vec cd = add(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
  return add(_mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(ab), _mm256_castps_pd(cd))),
             _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(ab), _mm256_castps_pd(cd))));
}

// out[i] = sum of the lanes of v[i]. Every sum uses the same tree, whatever its place and the count.
static inline void store_sums(float* out, const Vec (&v)[4]) {
  const Vec s = sum_quads(v[0], v[1], v[2], v[3]);
  _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1)));
}
static inline void store_sums(float* out, const Vec (&v)[8]) {
  const Vec a = sum_quads(v[0], v[1], v[2], v[3]);
  const Vec b = sum_quads(v[4], v[5], v[6], v[7]);
  store(out, add(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31)));
}

// Rows become columns: r[i][j] -> r[j][i].
static inline void transpose(Vec (&r)[kLanes]) {
  Vec t[8];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
#pragma GCC unroll 2
  for (int q = 0; q < 8; q += 4) {
    const __m256d a = _mm256_castps_pd(t[q]), b = _mm256_castps_pd(t[q + 2]);
    const __m256d c = _mm256_castps_pd(t[q + 1]), d = _mm256_castps_pd(t[q + 3]);
    r[q] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
    r[q + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
    r[q + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(c, d));
    r[q + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(c, d));
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const Vec low = _mm256_permute2f128_ps(r[c], r[4 + c], 0x20);
    r[4 + c] = _mm256_permute2f128_ps(r[c], r[4 + c], 0x31);
    r[c] = low;
  }
}

}  // namespace avx2
}  // namespace contexture
