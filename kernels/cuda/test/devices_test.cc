// Which devices a build is for, and what is said where there is none.
#include "cuda/devices.h"

#include <gtest/gtest.h>

namespace contexture {
namespace cuda {
namespace {

TEST(DevicesHost, KernelsRunOnTheirMajorVersionAndLaterMinorOnes) {
  EXPECT_TRUE(has_kernels(9, 0, {90}));
  EXPECT_TRUE(has_kernels(8, 9, {80, 90}));
  EXPECT_TRUE(has_kernels(10, 3, {90, 100}));
  EXPECT_FALSE(has_kernels(8, 0, {86}));
  EXPECT_FALSE(has_kernels(10, 0, {90}));
  EXPECT_FALSE(has_kernels(7, 5, {80, 90}));
}

TEST(DevicesHost, ThereIsAnAnswerInAnyCase) {
  ASSERT_FALSE(compiled_capabilities().empty());
  const std::string report = device_report();
  EXPECT_FALSE(report.empty());
  EXPECT_EQ(usable_devices() == 1, report.find("MiB)") == report.size() - 4) << report;
}

}  // namespace
}  // namespace cuda
}  // namespace contexture
