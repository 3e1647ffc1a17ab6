#include "contexture/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace contexture {
namespace {

TEST(Elementwise, BlockSumAddsEachBlock) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (int block : {1, 16, 32, 48, 64}) {
    const int rows = 5, width = block * 7;
    std::vector<float> x(size_t(rows) * width), sums(size_t(rows) * 7);
    for (float& v : x) v = normal(random);
    block_sum(x.data(), rows, width, block, sums.data(), serial());
    for (int r = 0; r < rows; ++r)
      for (int b = 0; b < 7; ++b) {
        double expected = 0;
        for (int i = 0; i < block; ++i) expected += x[size_t(r) * width + b * block + i];
        EXPECT_NEAR(sums[size_t(r) * 7 + b], expected, 1e-5) << "block " << block;
      }
  }
}

TEST(Elementwise, SwiGluMatchesItsDefinitionForSmallAndHugeGates) {
  std::mt19937 random(4);
  std::normal_distribution<float> normal(0.0f, 4.0f);
  const int rows = 3;
  for (int width : {32, 96, 1536, 1568}) {
    std::vector<float> gate_up(size_t(rows) * 2 * width), y(size_t(rows) * width), sums(size_t(rows) * width / 32);
    for (float& v : gate_up) v = normal(random);
    gate_up[0] = 120.0f;
    gate_up[1] = -120.0f;
    gate_up[2] = 0.0f;
    swiglu(gate_up.data(), rows, width, 32, y.data(), sums.data(), serial());
    for (int r = 0; r < rows; ++r) {
      const float* row = gate_up.data() + size_t(r) * 2 * width;
      for (int i = 0; i < width; ++i) {
        const double expected = row[i] / (1.0 + std::exp(-double(row[i]))) * row[width + i];
        ASSERT_NEAR(y[size_t(r) * width + i], expected, 2e-6 * (1 + std::fabs(expected))) << "gate " << row[i];
      }
      for (int b = 0; b < width / 32; ++b) {
        double expected = 0;
        for (int i = 0; i < 32; ++i) expected += y[size_t(r) * width + b * 32 + i];
        ASSERT_NEAR(sums[size_t(r) * width / 32 + b], expected, 1e-3);
      }
    }
  }
}

}  // namespace
}  // namespace contexture
