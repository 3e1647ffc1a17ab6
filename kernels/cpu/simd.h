// One vector type of floats per instruction set. Included once per kernel source; the source picks the namespace.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(CTX_ISA_AVX512)
#define CTX_ISA_NAMESPACE avx512
#include <immintrin.h>
#elif defined(CTX_ISA_AVX2)
#define CTX_ISA_NAMESPACE avx2
#include <immintrin.h>
#else
#define CTX_ISA_NAMESPACE portable
#endif

namespace contexture {
namespace CTX_ISA_NAMESPACE {

using Half = uint16_t;

#if defined(CTX_ISA_AVX512)

constexpr int kLanes = 16;
constexpr int kGemmRows = 6;
constexpr int kGemmVectors = 4;
using Vec = __m512;

inline Vec zero() { return _mm512_setzero_ps(); }
inline Vec broadcast(float x) { return _mm512_set1_ps(x); }
inline Vec load(const float* p) { return _mm512_loadu_ps(p); }
inline Vec load(const Half* p) { return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
inline void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
inline void store(Half* p, Vec v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
inline Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
inline Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
inline Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
inline Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
inline Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
inline Vec min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
inline float reduce_add(Vec v) { return _mm512_reduce_add_ps(v); }
inline float reduce_max(Vec v) { return _mm512_reduce_max_ps(v); }
inline Vec round_nearest(Vec v) { return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
// v * 2^n for whole n
inline Vec scale2(Vec v, Vec n) { return _mm512_scalef_ps(v, n); }
// x < limit ? 0 : v
inline Vec zero_below(Vec x, float limit, Vec v) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, broadcast(limit), _CMP_GE_OQ), v);
}

inline void transpose(Vec r[kLanes]) {
  Vec t[16];
  for (int i = 0; i < 8; ++i) {
    t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 4; ++i) {
    const auto d = [&](int k) { return _mm512_castps_pd(t[4 * i + k]); };
    r[4 * i] = _mm512_castpd_ps(_mm512_unpacklo_pd(d(0), d(2)));
    r[4 * i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(d(0), d(2)));
    r[4 * i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(d(1), d(3)));
    r[4 * i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(d(1), d(3)));
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
  }
  for (int i = 0; i < 4; ++i) {
    r[i] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd);
    r[i + 4] = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0x88);
    r[i + 12] = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0xdd);
  }
}

#elif defined(CTX_ISA_AVX2)

constexpr int kLanes = 8;
constexpr int kGemmRows = 4;
constexpr int kGemmVectors = 2;
using Vec = __m256;

inline Vec zero() { return _mm256_setzero_ps(); }
inline Vec broadcast(float x) { return _mm256_set1_ps(x); }
inline Vec load(const float* p) { return _mm256_loadu_ps(p); }
inline Vec load(const Half* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
inline void store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
inline void store(Half* p, Vec v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}
inline Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
inline Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
inline Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
inline Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
inline Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
inline Vec min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
inline float reduce_add(Vec v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
inline float reduce_max(Vec v) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}
inline Vec round_nearest(Vec v) { return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Vec scale2(Vec v, Vec n) {
  const __m256i bits = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(v, _mm256_castsi256_ps(bits));
}
inline Vec zero_below(Vec x, float limit, Vec v) {
  return _mm256_and_ps(_mm256_cmp_ps(x, broadcast(limit), _CMP_GE_OQ), v);
}

inline void transpose(Vec r[kLanes]) {
  Vec t[8];
  for (int i = 0; i < 4; ++i) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    r[4 * i] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
    r[4 * i + 1] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0xee);
    r[4 * i + 2] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
    r[4 * i + 3] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
    t[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
  }
  for (int i = 0; i < 8; ++i) r[i] = t[i];
}

#else

constexpr int kLanes = 4;
constexpr int kGemmRows = 4;
constexpr int kGemmVectors = 2;
struct Vec {
  float lane[kLanes];
};

inline float half_to_float(Half h) {
  const uint32_t sign = uint32_t(h & 0x8000) << 16;
  const uint32_t exponent = (h >> 10) & 0x1f;
  const uint32_t mantissa = h & 0x3ff;
  uint32_t bits;
  if (exponent == 0x1f) {
    bits = sign | 0x7f800000 | (mantissa << 13);
  } else if (exponent != 0) {
    bits = sign | ((exponent + 112) << 23) | (mantissa << 13);
  } else {
    const float value = std::ldexp(float(mantissa), -24);
    std::memcpy(&bits, &value, 4);
    bits |= sign;
  }
  float out;
  std::memcpy(&out, &bits, 4);
  return out;
}

// Round to nearest even; too large becomes infinity.
inline Half float_to_half(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  const uint32_t sign = (bits >> 16) & 0x8000;
  bits &= 0x7fffffff;
  if (bits > 0x7f800000) return Half(sign | 0x7e00);
  if (bits >= 0x47800000) return Half(sign | 0x7c00);
  if (bits < 0x38800000) {  // subnormal: count units of 2^-24, rounded by the current mode (nearest even)
    float magnitude;
    std::memcpy(&magnitude, &bits, 4);
    return Half(sign | uint32_t(std::nearbyint(std::ldexp(magnitude, 24))));
  }
  const uint32_t rounded = bits + 0xfff + ((bits >> 13) & 1);
  const uint32_t half = (rounded >> 13) - (112 << 10);
  return Half(sign | (half > 0x7c00 ? 0x7c00 : half));
}

#define CTX_EACH(expression)              \
  Vec out;                                \
  for (int i = 0; i < kLanes; ++i) out.lane[i] = (expression); \
  return out
inline Vec broadcast(float x) { CTX_EACH(x); }
inline Vec zero() { return broadcast(0.0f); }
inline Vec load(const float* p) { CTX_EACH(p[i]); }
inline Vec load(const Half* p) { CTX_EACH(half_to_float(p[i])); }
inline void store(float* p, Vec v) { std::memcpy(p, v.lane, sizeof v.lane); }
inline void store(Half* p, Vec v) {
  for (int i = 0; i < kLanes; ++i) p[i] = float_to_half(v.lane[i]);
}
inline Vec add(Vec a, Vec b) { CTX_EACH(a.lane[i] + b.lane[i]); }
inline Vec sub(Vec a, Vec b) { CTX_EACH(a.lane[i] - b.lane[i]); }
inline Vec mul(Vec a, Vec b) { CTX_EACH(a.lane[i] * b.lane[i]); }
inline Vec div(Vec a, Vec b) { CTX_EACH(a.lane[i] / b.lane[i]); }
inline Vec fma(Vec a, Vec b, Vec c) { CTX_EACH(a.lane[i] * b.lane[i] + c.lane[i]); }
inline Vec max(Vec a, Vec b) { CTX_EACH(a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]); }
inline Vec min(Vec a, Vec b) { CTX_EACH(a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]); }
inline Vec round_nearest(Vec v) { CTX_EACH(std::nearbyint(v.lane[i])); }
inline Vec scale2(Vec v, Vec n) { CTX_EACH(std::ldexp(v.lane[i], int(n.lane[i]))); }
inline Vec zero_below(Vec x, float limit, Vec v) { CTX_EACH(x.lane[i] >= limit ? v.lane[i] : 0.0f); }
#undef CTX_EACH
inline float reduce_add(Vec v) { return (v.lane[0] + v.lane[2]) + (v.lane[1] + v.lane[3]); }
inline float reduce_max(Vec v) {
  float most = v.lane[0];
  for (int i = 1; i < kLanes; ++i) most = v.lane[i] > most ? v.lane[i] : most;
  return most;
}
inline void transpose(Vec r[kLanes]) {
  for (int i = 0; i < kLanes; ++i) {
    for (int j = i + 1; j < kLanes; ++j) {
      const float t = r[i].lane[j];
      r[i].lane[j] = r[j].lane[i];
      r[j].lane[i] = t;
    }
  }
}

#endif

// e^x, relative error below 3e-7; 0 for x below -87 (minus infinity included), finite for x up to 88.
inline Vec exp(Vec x) {
  const Vec clamped = min(max(x, broadcast(-87.0f)), broadcast(88.0f));
  const Vec n = round_nearest(mul(clamped, broadcast(1.44269504f)));
  // x - n ln 2 in two steps, so that the remainder keeps its low bits.
  Vec r = fma(n, broadcast(-0.693145752f), clamped);
  r = fma(n, broadcast(-1.42860677e-6f), r);
  Vec p = broadcast(1.0f / 720.0f);
  p = fma(p, r, broadcast(1.0f / 120.0f));
  p = fma(p, r, broadcast(1.0f / 24.0f));
  p = fma(p, r, broadcast(1.0f / 6.0f));
  p = fma(p, r, broadcast(0.5f));
  p = fma(p, r, broadcast(1.0f));
  p = fma(p, r, broadcast(1.0f));
  return zero_below(x, -87.0f, scale2(p, n));
}

}  // namespace CTX_ISA_NAMESPACE
}  // namespace contexture
