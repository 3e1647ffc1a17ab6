// Runs what can be run: without a device only the tests of the host's side, whose suites end with Host, and says so.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>

namespace {

bool is_host(const testing::TestSuite& suite) {
  const size_t length = std::strlen(suite.name());
  return length >= 4 && std::strcmp(suite.name() + length - 4, "Host") == 0;
}

int device_tests() {
  int count = 0;
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i)
    if (!is_host(*all.GetTestSuite(i))) count += all.GetTestSuite(i)->total_test_count();
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  int devices = 0;
  const cudaError_t error = cudaGetDeviceCount(&devices);
  if (error != cudaSuccess || devices == 0) {
    std::printf("CUDA tests: %d skipped: there is no device (%s). The tests of the host's side run.\n", device_tests(),
                error == cudaSuccess ? "none was found" : cudaGetErrorString(error));
    testing::GTEST_FLAG(filter) = "*Host.*";
  }
  return RUN_ALL_TESTS();
}
