// The gated activation on the device against the reference.
#include "cuda/swiglu.h"

#include <gtest/gtest.h>

#include "cuda/test/support.h"

namespace contexture {
namespace cuda {
namespace {

TEST(SwiGlu, MatchesTheReference) {
  Random random(17);
  for (const Element element : {Element::kF16, Element::kBf16})
    for (const int64_t rows : {1, 3, 70000})
      for (const int64_t width : {2, 30, 1536}) {
        if (rows * width > 10'000'000) continue;
        std::vector<uint16_t> bits = random_bits(random, static_cast<size_t>(2 * rows * width), element);
        bits[0] = to_bits(-30.0f, element);
        std::vector<float> values;
        for (const uint16_t b : bits) values.push_back(to_float(b, element));
        DeviceBuffer<uint16_t> in(bits), out(static_cast<size_t>(rows * width));
        swiglu(in.data(), out.data(), rows, width, element, nullptr);
        check(cudaDeviceSynchronize(), "swiglu");
        const std::vector<double> wanted = reference::swiglu(values, rows, width);
        const std::vector<uint16_t> actual = out.get();
        const double bound = 2 * precision(element);
        for (size_t i = 0; i < wanted.size(); ++i)
          ASSERT_NEAR(to_float(actual[i], element), wanted[i], bound * std::max(0.05, std::fabs(wanted[i])))
              << name(element) << ", " << rows << " x " << width << ", " << i;
      }
}

}  // namespace
}  // namespace cuda
}  // namespace contexture
