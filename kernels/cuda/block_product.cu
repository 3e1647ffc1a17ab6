// Products with quantised weights on the tensor cores.
//
// Idea: few rows cost what reading the weights costs. So a warp takes 32 outputs, whose codes become halves in the very registers
// that the tensor cores read, and all rows of x at once; the warps of a block share the inputs of these outputs among them.
// Which input is which column of an instruction's matrix does not matter as long as weights and x agree: each of the four
// lanes of a row takes 32 inputs that lie side by side, so all it wants of a row is in one or two loads of 16 bytes and has one
// scale or two.
#include "cuda/block_product.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "cuda/device.h"
#include "cuda/tensor_core.cuh"

namespace contexture {
namespace cuda {
namespace {

constexpr int kWarps = 8, kThreads = 32 * kWarps;
constexpr int kBlockOutputs = 32, kLaneOutputs = 4, kPartCodes = 8, kParts = kSpanInputs / kPartCodes;
constexpr int kPitch = kBlockOutputs + 4;  // so that lanes write to different banks

struct Args {
  const uint8_t* codes;
  const __half *scales, *offsets, *x;
  __half* out;
  int64_t outputs;
  int32_t spans, rows;
  float zero;
};

// Eight codes as four pairs of the halves 1024 + code.
template <int kBits>
__device__ __forceinline__ void widen(const uint32_t* words, uint32_t (&pairs)[4]) {
  if constexpr (kBits == 4) {
#pragma unroll
    for (int j = 0; j < 4; ++j) pairs[j] = (words[0] >> (4 * j) & 0x000f000fu) | 0x64006400u;
  } else {
#pragma unroll
    for (int j = 0; j < 4; ++j) pairs[j] = __byte_perm(words[j / 2], 0x64646464u, j % 2 == 0 ? 0x4140 : 0x4342);
  }
}

__device__ __forceinline__ uint32_t number(uint32_t pair, __half2 center, __half2 scale, __half2 offset) {
  const __half2 code = __hsub2(*reinterpret_cast<const __half2*>(&pair), center);  // exact
  const __half2 value = __hfma2(code, scale, offset);
  return *reinterpret_cast<const uint32_t*>(&value);
}

// What a lane holds of its outputs: one span of inputs.
template <int kBits, int kScales>
struct Span {
  uint32_t words[kLaneOutputs][kBits];
  __half scales[kLaneOutputs][kScales], offsets[kLaneOutputs][kScales];

  // Zeros for a span behind the last.
  __device__ __forceinline__ void load(const Args& a, const int64_t (&outputs)[kLaneOutputs], int32_t span) {
#pragma unroll
    for (int i = 0; i < kLaneOutputs; ++i) {
      const bool valid = span < a.spans;
      const int64_t at = outputs[i] * a.spans + span;
      const auto* from = reinterpret_cast<const uint4*>(a.codes + at * 4 * kBits);
#pragma unroll
      for (int w = 0; w < kBits / 4; ++w) {
        const uint4 four = valid ? __ldcs(from + w) : uint4{0, 0, 0, 0};
        words[i][4 * w] = four.x, words[i][4 * w + 1] = four.y, words[i][4 * w + 2] = four.z, words[i][4 * w + 3] = four.w;
      }
#pragma unroll
      for (int s = 0; s < kScales; ++s) {
        scales[i][s] = valid ? a.scales[at * kScales + s] : __half{};
        offsets[i][s] = valid && a.offsets != nullptr ? a.offsets[at * kScales + s] : __half{};
      }
    }
  }
};

// kScales: of a span; kTiles: of eight rows of x.
template <int kBits, int kScales, int kTiles>
__global__ void __launch_bounds__(kThreads) multiply(const Args a) {
  __shared__ float sums[kWarps][8][kPitch];
  const int32_t warp = threadIdx.x / 32, lane = threadIdx.x % 32, r = lane / 4, q = lane % 4;
  const int64_t first = static_cast<int64_t>(blockIdx.x) * kBlockOutputs, inputs = int64_t{a.spans} * kSpanInputs;
  const __half2 center = __float2half2_rn(1024.0f + a.zero);
  int64_t outputs[kLaneOutputs];
#pragma unroll
  for (int i = 0; i < kLaneOutputs; ++i) outputs[i] = min(first + 8 * i + r, a.outputs - 1);

  float acc[2][kTiles][4] = {};
  Span<kBits, kScales> next;
  next.load(a, outputs, 4 * warp + q);
  for (int32_t base = 4 * warp; base < a.spans; base += 4 * kWarps) {
    const Span<kBits, kScales> now = next;
    next.load(a, outputs, base + 4 * kWarps + q);
    const int32_t span = base + q;
#pragma unroll
    for (int part = 0; part < kParts; ++part) {
      uint32_t w[kLaneOutputs][4];
#pragma unroll
      for (int i = 0; i < kLaneOutputs; ++i) {
        uint32_t pairs[4];
        widen<kBits>(now.words[i] + part * kBits / 4, pairs);
        const int s = part * kScales / kParts;
        const __half2 scale = __half2half2(now.scales[i][s]), offset = __half2half2(now.offsets[i][s]);
#pragma unroll
        for (int j = 0; j < 4; ++j) w[i][j] = number(pairs[j], center, scale, offset);
      }
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile) {
        const int32_t row = 8 * tile + r;
        uint4 x{0, 0, 0, 0};
        if (row < a.rows && span < a.spans)
          x = __ldg(reinterpret_cast<const uint4*>(a.x + row * inputs + span * kSpanInputs + part * kPartCodes));
#pragma unroll
        for (int t = 0; t < 2; ++t) {
          const uint32_t low[4] = {w[2 * t][0], w[2 * t + 1][0], w[2 * t][1], w[2 * t + 1][1]},
                         high[4] = {w[2 * t][2], w[2 * t + 1][2], w[2 * t][3], w[2 * t + 1][3]};
          multiply_add<__half>(acc[t][tile], low, x.x, x.y);
          multiply_add<__half>(acc[t][tile], high, x.z, x.w);
        }
      }
    }
  }

  const int32_t sum_row = threadIdx.x / kBlockOutputs, sum_output = threadIdx.x % kBlockOutputs;
#pragma unroll
  for (int tile = 0; tile < kTiles; ++tile) {
    if (tile > 0) __syncthreads();
#pragma unroll
    for (int t = 0; t < 2; ++t)
#pragma unroll
      for (int i = 0; i < 4; ++i) sums[warp][2 * q + i % 2][16 * t + r + 8 * (i / 2)] = acc[t][tile][i];
    __syncthreads();
    float sum = 0;
#pragma unroll
    for (int w = 0; w < kWarps; ++w) sum += sums[w][sum_row][sum_output];
    const int32_t row = 8 * tile + sum_row;
    if (row < a.rows && first + sum_output < a.outputs) a.out[row * a.outputs + first + sum_output] = __float2half_rn(sum);
  }
}

// A thread per eight numbers. ids: null for the rows from `first` on.
template <int kBits, int kScales>
__global__ void __launch_bounds__(kThreads) spread(const Args a, const int64_t* ids, int64_t first, int64_t count) {
  const int64_t parts = int64_t{a.spans} * kParts, at = blockIdx.x * static_cast<int64_t>(kThreads) + threadIdx.x;
  if (at >= count * parts) return;
  const int64_t row = at / parts, part = at % parts, output = ids == nullptr ? first + row : ids[row];
  uint32_t values[4] = {};
  if (output >= 0 && output < a.outputs) {
    const int64_t place = output * parts + part, scale_at = output * a.spans * kScales + part * kScales / kParts;
    const auto* from = reinterpret_cast<const uint32_t*>(a.codes + place * kBits);
    uint32_t words[kBits / 4], pairs[4];
#pragma unroll
    for (int w = 0; w < kBits / 4; ++w) words[w] = from[w];
    widen<kBits>(words, pairs);
    const __half2 center = __float2half2_rn(1024.0f + a.zero), scale = __half2half2(a.scales[scale_at]),
                  offset = __half2half2(a.offsets == nullptr ? __half{} : a.offsets[scale_at]);
#pragma unroll
    for (int j = 0; j < 4; ++j) values[j] = number(pairs[j], center, scale, offset);
  }
  reinterpret_cast<uint4*>(a.out)[at] = uint4{values[0], values[1], values[2], values[3]};
}

Args args_of(const BlockWeights& w, void* out) {
  check_block_weights(w);
  Args a{};
  a.codes = static_cast<const uint8_t*>(w.codes);
  a.scales = static_cast<const __half*>(w.scales), a.offsets = static_cast<const __half*>(w.offsets);
  a.out = static_cast<__half*>(out);
  a.outputs = w.outputs, a.spans = static_cast<int32_t>(w.inputs / kSpanInputs), a.zero = static_cast<float>(w.zero);
  return a;
}

// Calls launch(bits, scales of a span), both as constants.
template <class Launch>
void with_format(const BlockWeights& w, const Launch& launch) {
  using Four = std::integral_constant<int, 4>;
  using Eight = std::integral_constant<int, 8>;
  using One = std::integral_constant<int, 1>;
  using Two = std::integral_constant<int, 2>;
  if (w.bits == 4) launch(Four(), One());
  else if (w.group == kSpanInputs) launch(Eight(), One());
  else launch(Eight(), Two());
}

void spread_rows(const BlockWeights& w, const int64_t* ids, int64_t first, int64_t count, void* out, cudaStream_t stream) {
  const Args a = args_of(w, out);
  if (count == 0) return;
  const int64_t threads = count * a.spans * kParts;
  const auto blocks = static_cast<unsigned>((threads + kThreads - 1) / kThreads);
  with_format(w, [&](auto bits, auto scales) {
    spread<decltype(bits)::value, decltype(scales)::value><<<blocks, kThreads, 0, stream>>>(a, ids, first, count);
  });
  check_launch("spread");
}

}  // namespace

void check_block_weights(const BlockWeights& w) {
  if (w.bits != 4 && w.bits != 8) throw std::invalid_argument("codes have " + std::to_string(w.bits) + " bits, not 4 or 8");
  if (w.group != kSpanInputs && (w.group != kSpanInputs / 2 || w.bits != 8))
    throw std::invalid_argument(std::to_string(w.group) + " codes of " + std::to_string(w.bits) +
                                " bits share a scale; it must be 32, or 16 of 8 bits");
  if (w.outputs < 1 || w.inputs < 1 || w.inputs % kSpanInputs != 0 || w.inputs > INT32_MAX)
    throw std::invalid_argument("the weights are " + std::to_string(w.outputs) + " x " + std::to_string(w.inputs) +
                                "; their columns must be a multiple of " + std::to_string(kSpanInputs));
  if (w.zero < 0 || w.zero > 255 || (w.offsets != nullptr && w.zero != 0))
    throw std::invalid_argument("the codes' zero is " + std::to_string(w.zero) +
                                "; it must be 0 to 255, and 0 where there are offsets");
}

void block_product(const BlockWeights& w, const void* x, void* out, int64_t rows, cudaStream_t stream) {
  Args a = args_of(w, out);
  if (rows < 0 || rows > kMostProductRows)
    throw std::invalid_argument("the product is of " + std::to_string(rows) + " rows; it must be of 0 to " +
                                std::to_string(kMostProductRows));
  if (rows == 0) return;
  a.x = static_cast<const __half*>(x), a.rows = static_cast<int32_t>(rows);
  const auto blocks = static_cast<unsigned>((w.outputs + kBlockOutputs - 1) / kBlockOutputs);
  with_format(w, [&](auto bits, auto scales) {
    constexpr int kBits = decltype(bits)::value, kScales = decltype(scales)::value;
    if (rows <= 8) multiply<kBits, kScales, 1><<<blocks, kThreads, 0, stream>>>(a);
    else if (rows <= 16) multiply<kBits, kScales, 2><<<blocks, kThreads, 0, stream>>>(a);
    else if (rows <= 32) multiply<kBits, kScales, 4><<<blocks, kThreads, 0, stream>>>(a);
    else multiply<kBits, kScales, 8><<<blocks, kThreads, 0, stream>>>(a);
  });
  check_launch("multiply");
}

void dense_rows(const BlockWeights& w, int64_t first, int64_t count, void* out, cudaStream_t stream) {
  spread_rows(w, nullptr, first, count, out, stream);
}

void block_rows(const BlockWeights& w, const int64_t* ids, int64_t count, void* out, cudaStream_t stream) {
  spread_rows(w, ids, 0, count, out, stream);
}

}  // namespace cuda
}  // namespace contexture
