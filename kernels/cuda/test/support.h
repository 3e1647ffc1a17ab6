// Numbers of 16 bits as tests make and read them, and comparisons with a tolerance.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "cpu/half.h"
#include "cuda/device.h"
#include "reference/reference.h"
#include "test/random.h"

namespace contexture {
namespace cuda {

inline float bf16_to_float(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float x;
  std::memcpy(&x, &wide, sizeof x);
  return x;
}

// The nearest, ties to even.
inline uint16_t float_to_bf16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

inline uint16_t float_to_half(float x) {
  const double rounded = reference::round_to_half(x);
  for (uint32_t low = 0, high = 0x7c00;;) {  // halves that are not negative ascend with their bits
    const uint32_t middle = (low + high) / 2;
    const double here = half_to_float(static_cast<uint16_t>(middle));
    if (here == std::fabs(rounded)) return static_cast<uint16_t>(middle | (std::signbit(x) ? 0x8000 : 0));
    if (here < std::fabs(rounded)) low = middle + 1;
    else high = middle;
  }
}

inline float to_float(uint16_t bits, Element element) {
  return element == Element::kF16 ? half_to_float(bits) : bf16_to_float(bits);
}
inline uint16_t to_bits(float x, Element element) { return element == Element::kF16 ? float_to_half(x) : float_to_bf16(x); }

inline std::vector<uint16_t> random_bits(Random& random, size_t count, Element element) {
  std::vector<uint16_t> bits(count);
  for (uint16_t& b : bits) b = to_bits(random.value(), element);
  return bits;
}

inline double precision(Element element) { return element == Element::kF16 ? 0x1p-11 : 0x1p-8; }
inline std::string name(Element element) { return element == Element::kF16 ? "f16" : "bf16"; }

// Rotary tables for so many positions: [positions, head_dim / 2].
struct Rotary {
  std::vector<float> cos, sin;

  Rotary(int32_t positions, int32_t head_dim) {
    const int32_t half = head_dim / 2;
    for (int32_t p = 0; p < positions; ++p)
      for (int32_t i = 0; i < half; ++i) {
        const double angle = p * std::pow(1e4, -static_cast<double>(i) / half);
        cos.push_back(static_cast<float>(std::cos(angle)));
        sin.push_back(static_cast<float>(std::sin(angle)));
      }
  }
};

// Pages in shuffled order.
inline std::vector<int32_t> shuffled_pages(Random& random, int32_t count) {
  std::vector<int32_t> pages(static_cast<size_t>(count));
  for (int32_t i = 0; i < count; ++i) pages[i] = i;
  for (size_t i = pages.size(); i > 1; --i) std::swap(pages[i - 1], pages[random.below(i)]);
  return pages;
}

}  // namespace cuda
}  // namespace contexture
