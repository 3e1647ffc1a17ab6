// Copies of rows and lists from one place on the device to another, by tables that lie there as well.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/device.h"
#include "cuda/step_tables.h"

namespace contexture {
namespace cuda {

// to[to_rows[i]] = from[from_rows[i]], rows of `width` floats; a null table stands for i, and a row below 0 is left out.
struct CopyRows {
  const float* from = nullptr;
  const int32_t* from_rows = nullptr;
  float* to = nullptr;
  const int32_t* to_rows = nullptr;
  int32_t count = 0;
  int32_t width = 0;
};
void copy_rows(const CopyRows& args, cudaStream_t stream);

// What is in use of the lists of some rows: row i of `to` takes that of rows[i] in `from`. Both have the same groups and KV
// heads, `to` has room for the longest.
void copy_lists(const DeviceSelection& from, const int32_t* rows, int32_t count, const DeviceSelection& to,
                cudaStream_t stream);

}  // namespace cuda
}  // namespace contexture
