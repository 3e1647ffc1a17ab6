#include "cuda/devices.h"

#include <cuda_runtime.h>

#include <algorithm>

#include "cuda_build.h"  // written by build.sh

namespace contexture {
namespace cuda {
namespace {

std::string version(int major, int minor) { return std::to_string(major) + "." + std::to_string(minor); }

bool usable(const cudaDeviceProp& p) { return has_kernels(p.major, p.minor, compiled_capabilities()); }

std::string describe(const cudaDeviceProp& p) {
  return std::string(p.name) + " (compute capability " + version(p.major, p.minor) + ", " +
         std::to_string(p.totalGlobalMem >> 20) + " MiB)";
}

std::string driver_report() {
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0)
    return "no NVIDIA driver was found: install one of version 580 or later";
  return "the NVIDIA driver is for CUDA " + version(driver / 1000, driver % 1000 / 10) +
         ", but 13.0 is needed: install driver 580 or later";
}

}  // namespace

const std::vector<int>& compiled_capabilities() {
  static const std::vector<int> capabilities = {CONTEXTURE_CUDA_CAPABILITIES};
  return capabilities;
}

bool has_kernels(int major, int minor, const std::vector<int>& compiled) {
  return std::any_of(compiled.begin(), compiled.end(),
                     [&](int capability) { return capability / 10 == major && capability % 10 <= minor; });
}

int usable_devices() {
  int count = 0;
  cudaDeviceProp properties{};
  return cudaGetDeviceCount(&count) == cudaSuccess && count > 0 && cudaGetDeviceProperties(&properties, 0) == cudaSuccess &&
                 usable(properties)
             ? 1
             : 0;
}

std::string device_report() {
  int count = 0;
  const cudaError_t counted = cudaGetDeviceCount(&count);
  if (counted == cudaErrorInsufficientDriver) return driver_report();
  if (counted != cudaSuccess && counted != cudaErrorNoDevice) return cudaGetErrorString(counted);
  if (count == 0) return "the driver sees no device: check that this process, or its container, may use one";
  cudaDeviceProp properties{};
  const cudaError_t asked = cudaGetDeviceProperties(&properties, 0);
  if (asked != cudaSuccess) return cudaGetErrorString(asked);
  if (usable(properties)) return describe(properties);
  std::string kernels;
  for (const int capability : compiled_capabilities()) kernels += " " + version(capability / 10, capability % 10);
  return describe(properties) + " is no device for this build, which has kernels for" + kernels +
         ": build with CUDA_ARCH=" + std::to_string(10 * properties.major + properties.minor);
}

}  // namespace cuda
}  // namespace contexture
