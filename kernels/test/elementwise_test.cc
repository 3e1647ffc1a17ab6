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
    block_sum(x.data(), sums.data(), size.rows, size.width, size.block, SumOf::kValues,
              Execution{SerialFor(), GetParam()});
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
      std::vector<float> y(static_cast<size_t>(size.rows * size.width), NAN);
      swiglu(gate_up.data(), y.data(), size.rows, size.width, Execution{SerialFor(), GetParam()});
      const std::vector<double> want = reference::swiglu(gate_up, size.rows, size.width);
      // The exponent carries the rounding of its argument: up to 104 * 2^-24 relatively, plus a few operations. From
      // -87 on the exponential is clamped, where the result is below 104 * 104 * e^-87.
      for (size_t i = 0; i < want.size(); ++i)
        ASSERT_NEAR(y[i], want[i], std::fabs(want[i]) * (8 + scale * 2) * 0x1p-24 + 1e-33) << i;
    }
}

// What a product with 8-bit activations sees: 127 steps of the block's largest magnitude.
TEST_P(Elementwise, Int8SumsAreThoseOfRoundedValues) {
  for (const Size& size : kSizes) {
    SCOPED_TRACE(testing::Message() << size.rows << " x " << size.width << " by " << size.block);
    std::vector<float> x = random_values(size.rows * size.width, 6, 1.0f);
    std::fill_n(x.begin(), size.block, 0.0f);  // a block of zeros has no scale
    std::vector<float> sums(x.size() / size.block, NAN);
    block_sum(x.data(), sums.data(), size.rows, size.width, size.block, SumOf::kInt8,
              Execution{SerialFor(), GetParam()});
    const std::vector<double> want = reference::block_sum_int8(x, size.block);
    for (size_t i = 0; i < want.size(); ++i)
      ASSERT_NEAR(sums[i], want[i], 1e-5 * std::max<double>(1, std::sqrt(size.block))) << i;
    EXPECT_EQ(sums[0], 0.0f);
  }
}

TEST_P(Elementwise, BlockCorrectionsMatchTheReference) {
  struct Shape {
    int64_t rows, inputs, outputs, block;
  };
  for (const Shape& shape : {Shape{1, 64, 96, 32}, {1, 576, 3072, 32}, {5, 96, 70, 16}, {7, 32, 33, 32},
                             {130, 576, 960, 32}, {49, 256, 513, 32}})
    for (const SumOf sum_of : {SumOf::kValues, SumOf::kInt8}) {
      SCOPED_TRACE(testing::Message() << shape.rows << " rows, " << shape.inputs << " to " << shape.outputs);
      const std::vector<float> x = random_values(shape.rows * shape.inputs, 7, 1.0f);
      const std::vector<float> product = random_values(shape.rows * shape.outputs, 8, 1.0f);
      const int64_t blocks = shape.inputs / shape.block;
      const std::vector<float> corrections = random_values(blocks * shape.outputs, 9, 0.1f);
      std::vector<float> out(product.size(), NAN);
      BlockCorrection args = {product.data(), x.data(), corrections.data(), out.data(), shape.rows,
                              shape.inputs,   shape.outputs, shape.block, sum_of};
      add_block_corrections(args, Execution{SerialFor(), GetParam()});
      const std::vector<double> sums = sum_of == SumOf::kInt8 ? reference::block_sum_int8(x, shape.block)
                                                              : reference::block_sum(x, shape.block);
      for (int64_t t = 0; t < shape.rows; ++t)
        for (int64_t n = 0; n < shape.outputs; ++n) {
          double want = product[t * shape.outputs + n];
          for (int64_t b = 0; b < blocks; ++b) want += sums[t * blocks + b] * corrections[b * shape.outputs + n];
          ASSERT_NEAR(out[t * shape.outputs + n], want, 3e-5) << t << ", " << n;
        }
      // A row alone, in place and on threads in any order: the same bits.
      const ShuffledThreads executor(3, 11);
      std::vector<float> in_place = product, last(static_cast<size_t>(shape.outputs));
      args.product = args.out = in_place.data();
      add_block_corrections(args, Execution{executor, GetParam()});
      EXPECT_EQ(first_difference(in_place, out), out.size());
      const int64_t row = shape.rows - 1;
      add_block_corrections({product.data() + row * shape.outputs, x.data() + row * shape.inputs, corrections.data(),
                             last.data(), 1, shape.inputs, shape.outputs, shape.block, sum_of},
                            Execution{SerialFor(), GetParam()});
      EXPECT_EQ(first_difference(last, {out.end() - shape.outputs, out.end()}), last.size());
    }
}

TEST_P(Elementwise, Int8ProductsMatchTheReference) {
  struct Shape {
    int64_t rows, inputs, outputs, block;
  };
  for (const Shape& shape : {Shape{1, 32, 4, 32}, {1, 576, 1027, 32}, {2, 64, 7, 16}, {3, 96, 300, 32}, {9, 256, 515, 16}}) {
    SCOPED_TRACE(testing::Message() << shape.rows << " rows, " << shape.inputs << " to " << shape.outputs);
    const std::vector<float> x = random_values(shape.rows * shape.inputs, 12, 1.0f);
    const std::vector<float> scales = random_values(shape.outputs * shape.inputs / shape.block, 13, 0.01f);
    Random random(14);
    std::vector<int8_t> codes(static_cast<size_t>(shape.outputs * shape.inputs));
    for (int8_t& code : codes) code = static_cast<int8_t>(std::lround(random.value() * 70));
    codes[0] = -128, codes[1] = 127;
    std::vector<float> out(static_cast<size_t>(shape.rows * shape.outputs), NAN);
    const Int8Product args = {x.data(), codes.data(), scales.data(), out.data(), shape.rows, shape.inputs,
                              shape.outputs, shape.block};
    int8_product(args, Execution{SerialFor(), GetParam()});
    for (int64_t t = 0; t < shape.rows; ++t)
      for (int64_t n = 0; n < shape.outputs; ++n) {
        double want = 0, size = 0;
        for (int64_t k = 0; k < shape.inputs; ++k) {
          const double term = static_cast<double>(x[t * shape.inputs + k]) * codes[n * shape.inputs + k] *
                              scales[(n * shape.inputs + k) / shape.block];
          want += term, size += std::fabs(term);
        }
        ASSERT_NEAR(out[t * shape.outputs + n], want, size * 64 * 0x1p-24) << t << ", " << n;
      }
    // The last row alone and all rows on threads in any order: the same bits.
    const ShuffledThreads executor(3, 15);
    std::vector<float> threaded(out.size()), last(static_cast<size_t>(shape.outputs));
    Int8Product other = args;
    other.out = threaded.data();
    int8_product(other, Execution{executor, GetParam()});
    EXPECT_EQ(first_difference(threaded, out), out.size());
    other.x += (shape.rows - 1) * shape.inputs, other.rows = 1, other.out = last.data();
    int8_product(other, Execution{SerialFor(), GetParam()});
    EXPECT_EQ(first_difference(last, {out.end() - shape.outputs, out.end()}), last.size());
  }
}

TEST_P(Elementwise, Int8RowsAreCodesTimesScales) {
  constexpr int64_t kTable = 11, kWidth = 96, kBlock = 32;
  const std::vector<float> scales = random_values(kTable * kWidth / kBlock, 15, 0.01f);
  std::vector<int8_t> codes(kTable * kWidth);
  for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<int8_t>(i * 37);
  std::vector<int64_t> ids = {10, 0, 3, 3};
  for (int64_t more = 0; more < 400; ++more) ids.push_back(more % kTable);  // more than runs on the calling thread
  for (const size_t rows : {size_t{1}, size_t{4}, ids.size()}) {
    std::vector<float> out(rows * kWidth, NAN);
    int8_rows({codes.data(), scales.data(), ids.data(), out.data(), static_cast<int64_t>(rows), kWidth, kBlock},
              Execution{ShuffledThreads(3, 16), GetParam()});
    for (size_t i = 0; i < out.size(); ++i) {
      const int64_t at = ids[i / kWidth] * kWidth + static_cast<int64_t>(i % kWidth);
      ASSERT_EQ(out[i], static_cast<float>(codes[at]) * scales[at / kBlock]) << i;
    }
  }
}

// silu of a large negative gate is 0, of a large positive one the gate; NaN stays NaN and alone.
TEST_P(Elementwise, SwiGluKeepsItsLimits) {
  const float huge = 1e30f, infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> gates = {0.0f, -0.0f, 100.0f, -100.0f, huge, -500.0f, infinity, NAN, 1.0f};
  const auto width = static_cast<int64_t>(gates.size());
  std::vector<float> gate_up(gates);
  gate_up.resize(gates.size() * 2, 2.0f);
  std::vector<float> y(gates.size());
  swiglu(gate_up.data(), y.data(), 1, width, Execution{SerialFor(), GetParam()});
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
  std::vector<float> y(count), sums(count / size.block);
  swiglu(gate_up.data(), y.data(), size.rows, size.width, Execution{SerialFor(), GetParam()});
  block_sum(y.data(), sums.data(), size.rows, size.width, size.block, SumOf::kValues,
            Execution{SerialFor(), GetParam()});
  for (const int threads : {1, 2, 4}) {
    const ShuffledThreads executor(threads, 5);
    std::vector<float> other(count, NAN), other_sums(sums.size(), NAN);
    swiglu(gate_up.data(), other.data(), size.rows, size.width, Execution{executor, GetParam()});
    EXPECT_EQ(first_difference(other, y), count);
    block_sum(y.data(), other_sums.data(), size.rows, size.width, size.block, SumOf::kValues,
              Execution{executor, GetParam()});
    EXPECT_EQ(first_difference(other_sums, sums), sums.size());
    EXPECT_EQ(executor.calls(), 2);
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Elementwise, testing::ValuesIn(available_isas()),
                         [](const auto& info) { return isa_name(info.param); });

}  // namespace
}  // namespace contexture
