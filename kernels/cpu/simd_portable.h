// Four-lane vectors by the vector extension of GCC and clang: SSE2 or NEON, or whatever the target has.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace contexture {
namespace portable {

typedef float Vec __attribute__((vector_size(16)));
typedef int32_t IntVec __attribute__((vector_size(16)));
constexpr int kLanes = 4;
constexpr int kProductRows = 2;
constexpr int kTileRows = 4;
constexpr int kTileVecs = 2;
constexpr int kMaxHeadBlock = 2;
constexpr int keys_per_block(int heads) { return heads == 1 ? 8 : 4; }

static inline IntVec as_int(Vec v) { return reinterpret_cast<IntVec>(v); }
static inline Vec as_float(IntVec v) { return reinterpret_cast<Vec>(v); }
static inline Vec choose(IntVec mask, Vec a, Vec b) { return as_float((mask & as_int(a)) | (~mask & as_int(b))); }

static inline Vec zero() { return Vec{0, 0, 0, 0}; }
static inline Vec set1(float x) { return Vec{x, x, x, x}; }
static inline Vec load(const float* p) {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
static inline void store(float* p, Vec v) { std::memcpy(p, &v, sizeof v); }
// Whole numbers in 0..255.
static inline Vec load(const uint8_t* p) { return Vec{float(p[0]), float(p[1]), float(p[2]), float(p[3])}; }
static inline void store(uint8_t* p, Vec v) {
  const IntVec whole = __builtin_convertvector(v, IntVec);
  for (int i = 0; i < kLanes; ++i) p[i] = static_cast<uint8_t>(whole[i]);
}

static inline IntVec splat(int32_t x) { return IntVec{x, x, x, x}; }

// Half to float: move the bits into place and multiply by 2^112, which also makes denormals right.
static inline Vec load(const int8_t* p) {
  Vec v;
  for (int i = 0; i < kLanes; ++i) v[i] = p[i];
  return v;
}
static inline Vec load(const uint16_t* p) {
  const IntVec h = {p[0], p[1], p[2], p[3]};
  const IntVec magnitude = h & 0x7fff;
  Vec v = as_float(magnitude << 13) * set1(5.192296858534828e33f);
  const IntVec special = magnitude >= 0x7c00;
  v = choose(special, as_float((magnitude << 13) | splat(0x7f800000)), v);
  return as_float(as_int(v) | ((h & 0x8000) << 16));
}

// Float to half, to nearest even; beyond the range becomes infinity, NaN stays NaN.
static inline uint16_t to_half(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const uint32_t sign = bits >> 16 & 0x8000;
  bits &= 0x7fffffff;
  if (bits > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00);
  if (bits >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);
  if (bits < 0x38800000) {  // denormal half: the float adder rounds when the ulp is 2^-24
    float magnitude;
    std::memcpy(&magnitude, &bits, sizeof magnitude);
    magnitude += 0.5f;
    std::memcpy(&bits, &magnitude, sizeof bits);
    return static_cast<uint16_t>(sign | (bits - 0x3f000000));
  }
  return static_cast<uint16_t>(sign | ((bits - 0x38000000 + 0xfff + (bits >> 13 & 1)) >> 13));
}
static inline void store(uint16_t* p, Vec v) {
  for (int i = 0; i < kLanes; ++i) p[i] = to_half(v[i]);
}

static inline Vec add(Vec a, Vec b) { return a + b; }
static inline Vec sub(Vec a, Vec b) { return a - b; }
static inline Vec mul(Vec a, Vec b) { return a * b; }
static inline Vec div(Vec a, Vec b) { return a / b; }
static inline Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }  // fused where the target fuses
static inline Vec max(Vec a, Vec b) { return choose(a > b, a, b); }  // b where either is NaN
static inline Vec min(Vec a, Vec b) { return choose(a < b, a, b); }
// Exact for |x| < 2^22.
static inline Vec round_nearest(Vec x) {
  const Vec magic = set1(12582912.0f);
  return (x + magic) - magic;
}
// x * 2^n for integral n in [-126, 127].
static inline Vec scale_by_power(Vec x, Vec n) {
  const IntVec bits = __builtin_convertvector(choose(n == n, n, zero()), IntVec) + 127;
  return x * as_float(bits << 23);
}
static inline Vec zero_below(Vec x, Vec key, Vec bound) { return as_float(~(key < bound) & as_int(x)); }

static inline uint32_t greater_bits(Vec a, Vec b) {
  uint32_t bits = 0;
  for (int i = 0; i < kLanes; ++i) bits |= static_cast<uint32_t>(a[i] > b[i]) << i;
  return bits;
}

struct KeyChunk {
  const uint8_t* bytes;
};
struct KeySums {
  int32_t keys[8];
};
using ShortSums = KeySums;
constexpr int kShortChunks = 1, kShortBytes = 64;
static inline KeySums no_sums() { return {}; }
static inline ShortSums no_short_sums() { return {}; }
static inline KeyChunk load_chunk(const uint8_t* chunk) { return {chunk}; }
static inline ShortSums add_chunk(ShortSums sums, const KeyChunk& keys, const int8_t* q) {
  for (int i = 0; i < 64; ++i)
    sums.keys[i % 32 / 4] += (keys.bytes[i] & 15) * q[i] + (keys.bytes[i] >> 4) * q[64 + i];
  return sums;
}
static inline KeySums add_short_sums(KeySums sums, const ShortSums& more) {
  for (int i = 0; i < 8; ++i) sums.keys[i] += more.keys[i];
  return sums;
}
static inline void store_eight(float* out, const KeySums& sums, int32_t excess, float factor, const float* scales) {
  for (int i = 0; i < 8; ++i) out[i] = static_cast<float>(sums.keys[i] - excess) * (factor * scales[i]);
}

static inline float sum_lanes(Vec v) { return (v[0] + v[2]) + (v[1] + v[3]); }
static inline float max_lanes(Vec v) {
  float m = v[0];
  for (int i = 1; i < kLanes; ++i) m = m > v[i] ? m : v[i];
  return m;
}

// out[i] = sum of the lanes of v[i], all by the same tree.
static inline void store_sums(float* out, const Vec (&v)[4]) {
  for (int i = 0; i < 4; ++i) out[i] = sum_lanes(v[i]);
}
static inline void store_sums(float* out, const Vec (&v)[8]) {
  for (int i = 0; i < 8; ++i) out[i] = sum_lanes(v[i]);
}

// Rows become columns: r[i][j] -> r[j][i].
static inline void transpose(Vec (&r)[kLanes]) {
  const Vec a = {r[0][0], r[1][0], r[2][0], r[3][0]}, b = {r[0][1], r[1][1], r[2][1], r[3][1]};
  const Vec c = {r[0][2], r[1][2], r[2][2], r[3][2]}, d = {r[0][3], r[1][3], r[2][3], r[3][3]};
  r[0] = a, r[1] = b, r[2] = c, r[3] = d;
}

}  // namespace portable
}  // namespace contexture
