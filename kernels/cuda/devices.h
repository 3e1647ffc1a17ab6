// Which device this machine has, and whether this build has kernels for it.
#pragma once

#include <string>
#include <vector>

namespace contexture {
namespace cuda {

// Compute capabilities, as 90 for 9.0, that the kernels were compiled for.
const std::vector<int>& compiled_capabilities();

// Machine code runs on devices of its own major version and of the same or a later minor one.
bool has_kernels(int major, int minor, const std::vector<int>& compiled);

// 1 or 0: the first device counts.
int usable_devices();

// The device in use, or why there is none and what to do.
std::string device_report();

}  // namespace cuda
}  // namespace contexture
