// Seeded numbers that are the same with every standard library (SplitMix64, Steele et al., 2014).
#pragma once

#include <cstddef>
#include <cstdint>

namespace contexture {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }
  size_t below(size_t bound) { return static_cast<size_t>(next() % bound); }

  // Uniform with mean 0 and variance 1.
  float value() { return (static_cast<float>(next() >> 40) * 0x1p-23f - 1.0f) * 1.7320508f; }

 private:
  uint64_t state_;
};

}  // namespace contexture
