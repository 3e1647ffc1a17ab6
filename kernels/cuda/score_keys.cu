#include "cuda/retrieval_work.cuh"
#include "cuda/tensor_core.cuh"

namespace contexture {
namespace cuda {
namespace {

constexpr int kScoreWarps = 4;
constexpr int kGroupsAhead = 4;  // whose words are loaded before the first is used
constexpr float kLog2E = 1.44269504f;

template <int kWords>
__device__ __forceinline__ void load_words(uint32_t (&words)[kWords], const char* from) {
  if constexpr (kWords % 4 == 0) {
#pragma unroll
    for (int i = 0; i < kWords / 4; ++i) {
      const uint4 four = __ldg(reinterpret_cast<const uint4*>(from) + i);
      words[4 * i] = four.x, words[4 * i + 1] = four.y, words[4 * i + 2] = four.z, words[4 * i + 3] = four.w;
    }
  } else if constexpr (kWords % 2 == 0) {
#pragma unroll
    for (int i = 0; i < kWords / 2; ++i) {
      const uint2 two = __ldg(reinterpret_cast<const uint2*>(from) + i);
      words[2 * i] = two.x, words[2 * i + 1] = two.y;
    }
  } else {
#pragma unroll
    for (int i = 0; i < kWords; ++i) words[i] = __ldg(reinterpret_cast<const uint32_t*>(from) + i);
  }
}

// The queries of a list's heads, rotated and rounded to 127 steps of their largest value as on the CPU, so that products are
// whole numbers: exact, and a key's nibbles need no conversion.
template <int kDim>
struct RoundedQueries {
  int8_t steps[kMostHeadsPerList][kDim];
  float size[kMostHeadsPerList];      // of a step, times the scale for powers of two
  int32_t excess[kMostHeadsPerList];  // what the products are too large by, as keys are kept 8 too large

  __device__ void fill(const SelectDeviceRows& s, int row, int list, int32_t position) {
    const int n = s.geometry.head_dim, heads = s.geometry.query_heads / s.geometry.kv_heads;
    const int lists = s.geometry.groups * s.geometry.kv_heads, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int64_t angle = static_cast<int64_t>(position) * (n / 2);
    for (int h = warp; h < kMostHeadsPerList; h += kScoreWarps) {
      const float* x = s.queries + ((static_cast<int64_t>(row) * lists + list) * heads + h) * n;
      float values[kDim / 32], largest = 0;
#pragma unroll
      for (int j = 0; j < kDim / 32; ++j) {
        values[j] = h < heads ? rotated(x, s.rope_cos + angle, s.rope_sin + angle, n, lane + 32 * j) : 0.0f;
        largest = fmaxf(largest, fabsf(values[j]));
      }
      const Steps rounded(warp_max(largest), kQuerySteps);
      int32_t sum = 0;
#pragma unroll
      for (int j = 0; j < kDim / 32; ++j) {
        const int step = rounded(values[j]);
        steps[h][lane + 32 * j] = static_cast<int8_t>(step);
        sum += step;
      }
#pragma unroll
      for (int m = 16; m > 0; m /= 2) sum += __shfl_xor_sync(~0u, sum, m);
      if (lane != 0) continue;
      excess[h] = kKeyZero * sum;
      size[h] = rounded.size * kLog2E * rsqrtf(static_cast<float>(n));
    }
  }

  // Values d, d + 2, d + 4 and d + 6 of a head.
  __device__ __forceinline__ uint32_t every_other(int h, int d) const {
    const int8_t* q = steps[h] + d;
    return static_cast<uint8_t>(q[0]) | static_cast<uint32_t>(static_cast<uint8_t>(q[2])) << 8 |
           static_cast<uint32_t>(static_cast<uint8_t>(q[4])) << 16 | static_cast<uint32_t>(static_cast<uint8_t>(q[6])) << 24;
  }
};

// kWords: of a key, for each of the four lanes that share it. The word w of a lane gives its operand of one product: the low
// halves of its bytes, then the high ones.
template <int kWords>
__global__ void __launch_bounds__(32 * kScoreWarps) score(const ScoreArgs a) {
  constexpr int kDim = 32 * kWords;
  __shared__ RoundedQueries<kDim> queries;
  __shared__ float2 parts[kScoreWarps][kMostHeadsPerList];
  const SelectDeviceRows& s = a.s;
  const int chunk = blockIdx.x, list = blockIdx.y, row = blockIdx.z;
  const int32_t position = s.positions[row];
  if (position < 0) return;
  const int32_t first = s.rules[row].middle_first(position), last = s.rules[row].middle_last(position);
  const int32_t begin = max(first / kGroupKeys * kGroupKeys, chunk * kChunkTokens),
                end = min(last, (chunk + 1) * kChunkTokens);
  if (begin >= end) return;

  const int heads = s.geometry.query_heads / s.geometry.kv_heads, lists = s.geometry.groups * s.geometry.kv_heads;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  queries.fill(s, row, list, position);
  __syncthreads();
  uint32_t q[kWords][4];
#pragma unroll
  for (int w = 0; w < kWords; ++w)
#pragma unroll
    for (int i = 0; i < 4; ++i) q[w][i] = queries.every_other(lane / 4 + i % 2 * 8, 8 * (lane % 4 * kWords + w) + i / 2);

  const int32_t page_tokens = s.geometry.page_tokens;
  const int32_t* pages = s.pages + s.page_offsets[row];
  const char* base = static_cast<const char*>(s.pool) + list * a.list_bytes;
  float* scores = a.w.scores + (static_cast<int64_t>(row) * lists + list) * heads * a.w.stride;
  const float size[2] = {queries.size[lane / 4], queries.size[lane / 4 + 8]};
  const int32_t excess[2] = {queries.excess[lane / 4], queries.excess[lane / 4 + 8]};
  Softmax softmax[2];
  constexpr int kStep = kGroupKeys * kScoreWarps;
  for (int32_t at = begin + kGroupKeys * warp; at < end; at += kStep * kGroupsAhead) {
    uint32_t words[kGroupsAhead][kWords];
    float2 sizes[kGroupsAhead];
#pragma unroll
    for (int g = 0; g < kGroupsAhead; ++g) {
      const int32_t p = at + g * kStep;
      if (p >= end) break;
      const char* part = base + pages[p / page_tokens] * a.page_bytes;
      const int32_t token = p % page_tokens;
      load_words(words[g], part + (token + lane / 4) * (kDim / 2) + lane % 4 * (4 * kWords));
      sizes[g] = __ldg(reinterpret_cast<const float2*>(part + a.scales_offset) + token / 2 + lane % 4);
    }
#pragma unroll
    for (int g = 0; g < kGroupsAhead; ++g) {
      const int32_t p = at + g * kStep;
      if (p >= end) break;
      int32_t c[4] = {};
#pragma unroll
      for (int w = 0; w < kWords; ++w) multiply_add(c, q[w], words[g][w] & 0x0f0f0f0fu, words[g][w] >> 4 & 0x0f0f0f0fu);
      const int32_t mine = p + 2 * (lane % 4);
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int h = lane / 4 + 8 * half;
        if (h >= heads) continue;
        float2 pair = make_float2(static_cast<float>(c[2 * half] - excess[half]) * size[half] * sizes[g].x,
                                  static_cast<float>(c[2 * half + 1] - excess[half]) * size[half] * sizes[g].y);
        *reinterpret_cast<float2*>(scores + h * a.w.stride + mine) = pair;
        if (p < first || p + kGroupKeys > last) {  // the first and the last group
          if (mine < first || mine >= last) pair.x = -INFINITY;
          if (mine + 1 < first || mine + 1 >= last) pair.y = -INFINITY;
        }
        softmax[half].add_two(pair.x, pair.y);
      }
    }
  }
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    for (int m = 1; m < 4; m *= 2) {
      const float top = __shfl_xor_sync(~0u, softmax[half].top, m), sum = __shfl_xor_sync(~0u, softmax[half].sum, m);
      softmax[half].add(top, sum);
    }
    if (lane % 4 == 0) parts[warp][lane / 4 + 8 * half] = make_float2(softmax[half].top, softmax[half].sum);
  }
  __syncthreads();
  if (threadIdx.x < heads) {
    Softmax whole;
    for (int w = 0; w < kScoreWarps; ++w) whole.add(parts[w][threadIdx.x].x, parts[w][threadIdx.x].y);
    a.w.parts[((static_cast<int64_t>(row) * lists + list) * a.w.chunks + chunk) * heads + threadIdx.x] =
        make_float2(whole.top, whole.sum);
  }
}

template <int kWords>
void launch_score(const ScoreArgs& a, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>(a.w.chunks), static_cast<unsigned>(a.s.geometry.lists()),
                  static_cast<unsigned>(a.s.rows));
  score<kWords><<<grid, 32 * kScoreWarps, 0, stream>>>(a);
  check_launch("score");
}

}  // namespace

void launch_scores(const ScoreArgs& a, cudaStream_t stream) {
  switch (a.s.geometry.row_dim() / 32) {
    case 1: return launch_score<1>(a, stream);
    case 2: return launch_score<2>(a, stream);
    case 3: return launch_score<3>(a, stream);
    case 4: return launch_score<4>(a, stream);
    case 5: return launch_score<5>(a, stream);
    case 6: return launch_score<6>(a, stream);
    case 7: return launch_score<7>(a, stream);
    default: return launch_score<8>(a, stream);
  }
}

}  // namespace cuda
}  // namespace contexture
