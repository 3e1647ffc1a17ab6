#include "cuda/retrieval_work.cuh"
#include "cuda/tensor_core.cuh"

namespace contexture {
namespace cuda {
namespace {

constexpr int kAppendWarps = 8;

// A warp per list.
__global__ void __launch_bounds__(32 * kAppendWarps)
    append(const AppendDeviceKeys a, int row_dim, int64_t list_bytes, int64_t page_bytes, int64_t scales_offset) {
  const int64_t row = blockIdx.x;
  const int32_t position = a.positions[row];
  if (position < 0) return;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, n = a.geometry.head_dim,
            lists = a.geometry.groups * a.geometry.kv_heads;
  const float* cos = a.rope_cos + static_cast<int64_t>(position) * (n / 2);
  const float* sin = a.rope_sin + static_cast<int64_t>(position) * (n / 2);
  const int32_t page_tokens = a.geometry.page_tokens, token = a.slots[row] % page_tokens;
  char* page = static_cast<char*>(a.pool) + a.slots[row] / page_tokens * page_bytes;
  for (int list = warp; list < lists; list += kAppendWarps) {
    const float* x = a.keys + (row * lists + list) * n;
    float values[8], largest = 0;  // lane w has the values of word w
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      values[e] = rotated(x, cos, sin, n, 8 * lane + e);
      largest = fmaxf(largest, fabsf(values[e]));
    }
    const Steps steps(warp_max(largest), kKeySteps);
    uint32_t word = 0;
#pragma unroll
    for (int e = 0; e < 8; ++e) word |= static_cast<uint32_t>(steps(values[e]) + kKeyZero) << 4 * e;
    char* part = page + list * list_bytes;
    if (lane < row_dim / 8) reinterpret_cast<uint32_t*>(part + token * (row_dim / 2))[lane] = word;
    if (lane == 0) reinterpret_cast<float*>(part + scales_offset)[token] = steps.size;
  }
}

}  // namespace

void append_keys(const AppendDeviceKeys& args, cudaStream_t stream) {
  const DeviceKeyGeometry& g = args.geometry;
  check_geometry(g);
  if (args.rows == 0) return;
  append<<<static_cast<unsigned>(args.rows), 32 * kAppendWarps, 0, stream>>>(args, g.row_dim(), g.list_bytes(),
                                                                             g.page_bytes(), g.scales_offset());
  check_launch("append");
}

}  // namespace cuda
}  // namespace contexture
