// Products with quantised weights, and their rows, against plain sums in double.
#include "cuda/block_product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "cuda/sliced_product.h"
#include "cuda/test/support.h"

namespace contexture {
namespace cuda {
namespace {

struct Format {
  const char* name;
  int32_t bits, group, zero;
  bool offsets;
};

std::ostream& operator<<(std::ostream& out, const Format& format) { return out << format.name; }

// Random weights, in the layout of the kernels and as the numbers that they stand for.
class Weights {
 public:
  Weights(Random& random, const Format& format, int64_t outputs, int64_t inputs) : inputs_(inputs) {
    const auto numbers = static_cast<size_t>(outputs * inputs), groups = numbers / format.group;
    std::vector<uint8_t> codes(numbers);
    for (uint8_t& code : codes) code = static_cast<uint8_t>(random.below(format.bits == 4 ? 16 : 256));
    std::vector<uint16_t> scales(groups), offsets(format.offsets ? groups : 0);
    for (uint16_t& scale : scales) scale = float_to_half(random.value() * 0.02f);
    for (uint16_t& offset : offsets) offset = float_to_half(random.value() * 0.2f);
    for (size_t i = 0; i < numbers; ++i) {
      const double scale = half_to_float(scales[i / format.group]);
      const double offset = format.offsets ? half_to_float(offsets[i / format.group]) : 0;
      values_.push_back(reference::round_to_half(scale * (codes[i] - format.zero) + offset));
    }
    codes_ = std::make_unique<DeviceBuffer<uint8_t>>(format.bits == 4 ? interleaved(codes) : codes);
    scales_ = std::make_unique<DeviceBuffer<uint16_t>>(scales);
    offsets_ = std::make_unique<DeviceBuffer<uint16_t>>(offsets);
    weights_.codes = codes_->data(), weights_.scales = scales_->data();
    weights_.offsets = format.offsets ? offsets_->data() : nullptr;
    weights_.outputs = outputs, weights_.inputs = inputs;
    weights_.bits = format.bits, weights_.group = format.group, weights_.zero = format.zero;
  }

  const BlockWeights& get() const { return weights_; }
  double value(int64_t output, int64_t input) const { return values_[static_cast<size_t>(output * inputs_ + input)]; }

 private:
  static std::vector<uint8_t> interleaved(const std::vector<uint8_t>& codes) {
    constexpr int kPlaces[] = {0, 4, 1, 5, 2, 6, 3, 7};
    std::vector<uint8_t> bytes(codes.size() / 2);
    for (size_t i = 0; i < codes.size(); ++i) {
      const int place = kPlaces[i % 8];
      bytes[i / 8 * 4 + place / 2] |= static_cast<uint8_t>(codes[i] << (place % 2 * 4));
    }
    return bytes;
  }

  const int64_t inputs_;
  std::vector<double> values_;
  std::unique_ptr<DeviceBuffer<uint8_t>> codes_;
  std::unique_ptr<DeviceBuffer<uint16_t>> scales_, offsets_;
  BlockWeights weights_;
};

// x and what comes of it; sums of float32, whose errors grow with their number, are rounded to halves once.
class Product {
 public:
  Product(Random& random, const Weights& weights, int64_t rows)
      : weights_(weights), rows_(rows), bits_(random_bits(random, size(weights.get().inputs), Element::kF16)) {}

  template <class Run>
  std::vector<uint16_t> run(const Run& run) const {
    const DeviceBuffer<uint16_t> x(bits_);
    DeviceBuffer<uint16_t> out(std::vector<uint16_t>(size(weights_.get().outputs), 0x7e00));  // NaN
    run(weights_.get(), x.data(), out.data(), rows_, nullptr);
    check(cudaDeviceSynchronize(), "product");
    return out.get();
  }

  void expect(const std::vector<uint16_t>& actual) const {
    const int64_t inputs = weights_.get().inputs, outputs = weights_.get().outputs;
    for (int64_t row = 0; row < rows_; ++row)
      for (int64_t o = 0; o < outputs; ++o) {
        double sum = 0, size = 0;
        for (int64_t i = 0; i < inputs; ++i) {
          const double term = weights_.value(o, i) * half_to_float(bits_[static_cast<size_t>(row * inputs + i)]);
          sum += term, size += std::fabs(term);
        }
        ASSERT_NEAR(half_to_float(actual[static_cast<size_t>(row * outputs + o)]), sum,
                    std::fabs(sum) * 0x1p-11 + size * static_cast<double>(inputs) * 0x1p-31 + 1e-6)
            << "row " << row << ", output " << o;
      }
  }

 private:
  size_t size(int64_t columns) const { return static_cast<size_t>(rows_ * columns); }

  const Weights& weights_;
  const int64_t rows_;
  const std::vector<uint16_t> bits_;
};

class BlockProductTest : public testing::TestWithParam<Format> {
 protected:
  Random random_{23};
};

TEST_P(BlockProductTest, MatchesPlainSums) {
  // One span, spans that do not fill the last chunk of a warp, more chunks than warps; outputs that do not fill the last block.
  for (const int64_t inputs : {32, 96, 576, 2048})
    for (const int64_t outputs : {1, 40, 200}) {
      const Weights weights(random_, GetParam(), outputs, inputs);
      for (const int64_t rows : {1, 3, 8, 9, 16, 33, 64}) {
        SCOPED_TRACE(std::to_string(rows) + " rows, " + std::to_string(outputs) + " x " + std::to_string(inputs));
        const Product product(random_, weights, rows);
        product.expect(product.run(block_product));
        if (HasFatalFailure()) return;
      }
    }
}

TEST_P(BlockProductTest, RowsDoNotDependOnEachOther) {
  const Weights weights(random_, GetParam(), 64, 1024);
  const BlockWeights& w = weights.get();
  const std::vector<uint16_t> bits = random_bits(random_, 64 * 1024, Element::kF16);
  const DeviceBuffer<uint16_t> x(bits);
  DeviceBuffer<uint16_t> all(64 * 64), one(64);
  block_product(w, x.data(), all.data(), 64, nullptr);
  const std::vector<uint16_t> together = all.get();
  for (int64_t row = 0; row < 64; row += 9) {
    block_product(w, x.data() + row * 1024, one.data(), 1, nullptr);
    const std::vector<uint16_t> alone = one.get();
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), together.begin() + row * 64)) << "row " << row;
  }
}

TEST_P(BlockProductTest, GivesRows) {
  const Weights weights(random_, GetParam(), 77, 96);
  const std::vector<int64_t> ids = {76, 0, 5, 5, -1, 77};
  const DeviceBuffer<int64_t> device_ids(ids);
  DeviceBuffer<uint16_t> chosen(ids.size() * 96), dense(70 * 96);
  block_rows(weights.get(), device_ids.data(), static_cast<int64_t>(ids.size()), chosen.data(), nullptr);
  dense_rows(weights.get(), 7, 70, dense.data(), nullptr);
  const std::vector<uint16_t> rows = chosen.get(), sliced = dense.get();
  for (size_t r = 0; r < ids.size(); ++r)
    for (size_t i = 0; i < 96; ++i)
      ASSERT_EQ(half_to_float(rows[r * 96 + i]), ids[r] < 0 || ids[r] > 76 ? 0 : weights.value(ids[r], static_cast<int64_t>(i)))
          << "id " << ids[r] << ", " << i;
  for (size_t r = 0; r < 70; ++r)
    for (size_t i = 0; i < 96; ++i)
      ASSERT_EQ(half_to_float(sliced[r * 96 + i]), weights.value(static_cast<int64_t>(r) + 7, static_cast<int64_t>(i)));
}

TEST_P(BlockProductTest, MultipliesManyRowsInSlices) {
  std::shared_ptr<SlicedProduct> many;
  try {
    many = SlicedProduct::instance();
  } catch (const std::runtime_error& e) {
    GTEST_SKIP() << e.what();
  }
  const Weights small(random_, GetParam(), 72, 160);
  const Product product(random_, small, 130);
  product.expect(product.run([&](auto&&... args) { many->run(args...); }));
  // Slices of 1,024 outputs, the last one smaller.
  const Weights large(random_, GetParam(), 1100, 16384);
  const Product sliced(random_, large, 3);
  sliced.expect(sliced.run([&](auto&&... args) { many->run(args...); }));
}

INSTANTIATE_TEST_SUITE_P(Formats, BlockProductTest,
                         testing::Values(Format{"Q4_0", 4, 32, 8, false}, Format{"Q4_K", 4, 32, 0, true},
                                         Format{"Q5_K", 8, 32, 0, true}, Format{"Q8_0", 8, 32, 128, false},
                                         Format{"Q6_K", 8, 16, 32, false}, Format{"WithOffsets16", 8, 16, 0, true}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(BlockWeightsHost, RefusesWhatThereIsNoKernelFor) {
  BlockWeights w;
  w.outputs = 8, w.inputs = 64;
  EXPECT_NO_THROW(check_block_weights(w));
  w.group = 16;
  EXPECT_THROW(check_block_weights(w), std::invalid_argument) << "4 bits in groups of 16";
  w.bits = 8;
  EXPECT_NO_THROW(check_block_weights(w));
  w.inputs = 72;
  EXPECT_THROW(check_block_weights(w), std::invalid_argument) << "inputs that are no whole spans";
  w.inputs = 64, w.zero = 256;
  EXPECT_THROW(check_block_weights(w), std::invalid_argument) << "a zero that no code has";
  w.zero = 32, w.offsets = &w;
  EXPECT_THROW(check_block_weights(w), std::invalid_argument) << "a zero beside offsets";
  w.zero = 0, w.bits = 5;
  EXPECT_THROW(check_block_weights(w), std::invalid_argument) << "5 bits";
}

}  // namespace
}  // namespace cuda
}  // namespace contexture
