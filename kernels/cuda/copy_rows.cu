#include "cuda/copy_rows.h"

namespace contexture {
namespace cuda {
namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) copy_row(const CopyRows a) {
  const int32_t i = blockIdx.x;
  const int64_t from = a.from_rows == nullptr ? i : a.from_rows[i], to = a.to_rows == nullptr ? i : a.to_rows[i];
  if (from < 0 || to < 0) return;
  for (int32_t column = threadIdx.x; column < a.width; column += kThreads)
    a.to[to * a.width + column] = a.from[from * a.width + column];
}

__global__ void __launch_bounds__(kThreads)
    copy_list(const DeviceSelection from, const int32_t* rows, int32_t* to_counts, int32_t* to_slots, int32_t to_stride) {
  const int64_t lists = gridDim.x, source = rows[blockIdx.y] * lists + blockIdx.x, target = blockIdx.y * lists + blockIdx.x;
  const int32_t count = from.counts[source];
  if (threadIdx.x == 0) to_counts[target] = count;
  for (int32_t i = threadIdx.x; i < count; i += kThreads)
    to_slots[target * to_stride + i] = from.slots[source * from.stride + i];
}

}  // namespace

void copy_rows(const CopyRows& args, cudaStream_t stream) {
  if (args.count == 0) return;
  copy_row<<<static_cast<unsigned>(args.count), kThreads, 0, stream>>>(args);
  check_launch("copy_row");
}

void copy_lists(const DeviceSelection& from, const int32_t* rows, int32_t count, const DeviceSelection& to,
                cudaStream_t stream) {
  if (count == 0) return;
  const dim3 grid(static_cast<unsigned>(from.groups * from.kv_heads), static_cast<unsigned>(count));
  copy_list<<<grid, kThreads, 0, stream>>>(from, rows, const_cast<int32_t*>(to.counts), const_cast<int32_t*>(to.slots),
                                           to.stride);
  check_launch("copy_list");
}

}  // namespace cuda
}  // namespace contexture
