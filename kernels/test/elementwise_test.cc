// Block sums and the gated activation against the reference, on every instruction set.
#include "contexture/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "reference/reference.h"
#include "test/isas.h"
#include "test/random.h"
#include "test/threads.h"

namespace contexture {
namespace {

struct Size {
  int64_t rows, width, block;
};

// From one row to more than is run on the calling thread; blocks below, at and beside the lanes of a vector.
constexpr Size kSizes[] = {{1, 32, 32},  {1, 1536, 32}, {3, 96, 16},    {2, 60, 20},     {5, 7, 7},
                           {4, 12, 1},   {1, 2050, 1025}, {64, 1536, 32}, {33, 4864, 256}, {3, 40000, 32}};

std::vector<float> random_values(int64_t count, uint64_t seed, float scale) {
  Random random(seed);
  std::vector<float> x(static_cast<size_t>(count));
  for (float& value : x) value = random.value() * scale;
  return x;
}

class Elementwise : public testing::TestWithParam<Isa> {};

TEST_P(Elementwise, BlockSumsMatchTheReference) {
  for (const Size& size : kSizes) {
    SCOPED_TRACE(testing::Message() << size.rows << " x " << size.width << " by " << size.block);
    const std::vector<float> x = random_values(size.rows * size.width, 1, 1.0f);
    std::vector<float> sums(x.size() / size.block, NAN);
    block_sum(x.data(), sums.data(), size.rows, size.width, size.block, Execution{SerialFor(), GetParam()});
    const std::vector<double> want = reference::block_sum(x, size.block);
    // At most `block` additions of partial sums below 1.8 * block.
    const double allowed = 0x1p-24 * std::max<double>(1, size.block * std::sqrt(size.block));
    for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(sums[i], want[i], allowed) << i;
  }
}

TEST_P(Elementwise, SwiGluMatchesTheReference) {
  for (const Size& size : kSizes)
    for (const float scale : {1.0f, 60.0f}) {
      SCOPED_TRACE(testing::Message() << size.rows << " x " << size.width << " by " << size.block << ", " << scale);
      const std::vector<float> gate_up = random_values(size.rows * size.width * 2, 2, scale);
      std::vector<float> y(static_cast<size_t>(size.rows * size.width), NAN), sums(y.size() / size.block, NAN);
      swiglu(gate_up.data(), y.data(), sums.data(), size.rows, size.width, size.block,
             Execution{SerialFor(), GetParam()});
      const std::vector<double> want = reference::swiglu(gate_up, size.rows, size.width);
      // The exponent carries the rounding of its argument: up to 104 * 2^-24 relatively, plus a few operations. From
      // -87 on the exponential is clamped, where the result is below 104 * 104 * e^-87.
      for (size_t i = 0; i < want.size(); ++i)
        ASSERT_NEAR(y[i], want[i], std::fabs(want[i]) * (8 + scale * 2) * 0x1p-24 + 1e-33) << i;
      std::vector<float> own(sums.size());
      block_sum(y.data(), own.data(), size.rows, size.width, size.block, Execution{SerialFor(), GetParam()});
      EXPECT_EQ(first_difference(sums, own), own.size());
    }
}

TEST_P(Elementwise, SwiGluWithoutSumsTouchesNone) {
  const std::vector<float> gate_up = random_values(2 * 2 * 96, 3, 1.0f);
  std::vector<float> y(2 * 96), sums(8, 42.0f);
  swiglu(gate_up.data(), y.data(), sums.data(), 2, 96, 0, Execution{SerialFor(), GetParam()});
  const std::vector<double> want = reference::swiglu(gate_up, 2, 96);
  for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(y[i], want[i], 1e-6);
  EXPECT_EQ(sums, std::vector<float>(8, 42.0f));
  swiglu(gate_up.data(), y.data(), nullptr, 2, 96, 0, Execution{SerialFor(), GetParam()});
}

// silu of a large negative gate is 0, of a large positive one the gate; NaN stays NaN and alone.
TEST_P(Elementwise, SwiGluKeepsItsLimits) {
  const float huge = 1e30f, infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> gates = {0.0f, -0.0f, 100.0f, -100.0f, huge, -500.0f, infinity, NAN, 1.0f};
  const auto width = static_cast<int64_t>(gates.size());
  std::vector<float> gate_up(gates);
  gate_up.resize(gates.size() * 2, 2.0f);
  std::vector<float> y(gates.size());
  swiglu(gate_up.data(), y.data(), nullptr, 1, width, 0, Execution{SerialFor(), GetParam()});
  EXPECT_EQ(y[0], 0.0f);
  EXPECT_EQ(y[1], 0.0f);
  EXPECT_FLOAT_EQ(y[2], 200.0f);
  EXPECT_NEAR(y[3], 0.0f, 1e-30);
  EXPECT_FLOAT_EQ(y[4], 2 * huge);
  EXPECT_NEAR(y[5], 0.0f, 1e-30);
  EXPECT_EQ(y[6], infinity);
  EXPECT_TRUE(std::isnan(y[7]));
  EXPECT_FLOAT_EQ(y[8], 2.0f / (1.0f + std::exp(-1.0f)));
}

TEST_P(Elementwise, ThreadsAndOrderDoNotMatter) {
  const Size size = {33, 4864, 256};
  const std::vector<float> gate_up = random_values(size.rows * size.width * 2, 4, 3.0f);
  const auto count = static_cast<size_t>(size.rows * size.width);
  std::vector<float> y(count), sums(count / size.block), sums_alone(count / size.block);
  swiglu(gate_up.data(), y.data(), sums.data(), size.rows, size.width, size.block, Execution{SerialFor(), GetParam()});
  for (const int threads : {1, 2, 4}) {
    const ShuffledThreads executor(threads, 5);
    std::vector<float> other(count, NAN), other_sums(sums.size(), NAN);
    swiglu(gate_up.data(), other.data(), other_sums.data(), size.rows, size.width, size.block,
           Execution{executor, GetParam()});
    EXPECT_EQ(first_difference(other, y), count);
    EXPECT_EQ(first_difference(other_sums, sums), sums.size());
    block_sum(y.data(), sums_alone.data(), size.rows, size.width, size.block, Execution{executor, GetParam()});
    EXPECT_EQ(first_difference(sums_alone, sums), sums.size());
    EXPECT_EQ(executor.calls(), 2);
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Elementwise, testing::ValuesIn(available_isas()),
                         [](const auto& info) { return isa_name(info.param); });

}  // namespace
}  // namespace contexture
