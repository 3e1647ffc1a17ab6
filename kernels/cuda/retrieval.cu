#include "cuda/retrieval.h"

#include <cooperative_groups.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "cuda/tensor_core.cuh"

namespace contexture {
namespace cuda {
namespace {

constexpr int kAppendWarps = 8;
constexpr int kScoreWarps = 4;
constexpr int kGroupKeys = 8;         // keys of one matrix product
constexpr int kGroupsAhead = 4;       // whose words are loaded before the first is used
constexpr int kChunkTokens = 1024;    // of a block of threads
constexpr int kSelectThreads = 512;
constexpr int kTileEach = 4;          // positions of a thread that are put in order at once
constexpr int kTileTokens = kSelectThreads * kTileEach;
constexpr int kSelectBlocks = 8;      // of a cluster
constexpr int kBins = 2048;
constexpr int kMostDim = 256;
constexpr float kKeySteps = 7.0f, kQuerySteps = 127.0f;
constexpr int kKeyZero = 8;
constexpr float kLog2E = 1.44269504f;

int32_t chunks(const SelectDeviceRows& s) { return (s.most_positions + kChunkTokens - 1) / kChunkTokens; }
int64_t score_stride(const SelectDeviceRows& s) { return static_cast<int64_t>(chunks(s)) * kChunkTokens; }

// What the kernels find where in the workspace.
struct Workspace {
  float* scores;   // [rows, lists, heads, stride], in powers of two
  float* weights;  // [rows, lists, stride]
  float2* parts;   // [rows, lists, chunks, heads]: a chunk's largest score, and the sum of its powers relative to that
  int64_t stride;
  int32_t chunks;
};

Workspace workspace(const SelectDeviceRows& s) {
  const int64_t stride = score_stride(s), lists = static_cast<int64_t>(s.rows) * s.geometry.lists();
  float* weights = s.workspace + lists * s.geometry.heads_per_list() * stride;
  return {s.workspace, weights, reinterpret_cast<float2*>(weights + lists * stride), stride, chunks(s)};
}

// One value of a rotated vector: the pair (i, i + n / 2) turns by the angle of column i.
__device__ __forceinline__ float rotated(const float* x, const float* cos, const float* sin, int n, int i) {
  if (i >= n) return 0.0f;
  const int half = n / 2;
  return i < half ? x[i] * cos[i] - x[half + i] * sin[i] : x[i] * cos[i - half] + x[i - half] * sin[i - half];
}

// A warp per list.
__global__ void __launch_bounds__(32 * kAppendWarps) append(const AppendDeviceKeys a, int row_dim, int64_t list_bytes,
                                                            int64_t page_bytes, int64_t scales_offset) {
  const int64_t row = blockIdx.x;
  const int32_t position = a.positions[row];
  if (position < 0) return;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, n = a.geometry.head_dim, lists = a.geometry.groups * a.geometry.kv_heads;
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
    largest = warp_max(largest);
    const bool finite = largest <= 3.4e38f;
    const float inverse = largest > 0 && finite ? kKeySteps / largest : 0.0f;
    uint32_t word = 0;
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      const float step = values[e] * inverse;
      const bool sound = fabsf(step) < kKeySteps + 0.5f;
      const int rounded = sound ? static_cast<int>(step + (step < 0 ? -0.5f : 0.5f)) : 0;
      word |= static_cast<uint32_t>(rounded + kKeyZero) << 4 * e;
    }
    char* part = page + list * list_bytes;
    if (lane < row_dim / 8) reinterpret_cast<uint32_t*>(part + token * (row_dim / 2))[lane] = word;
    if (lane == 0) reinterpret_cast<float*>(part + scales_offset)[token] = finite ? largest / kKeySteps : 0.0f;
  }
}

struct ScoreArgs {
  SelectDeviceRows s;
  Workspace w;
  int64_t list_bytes, page_bytes, scales_offset;
};

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

// The largest score that a lane has seen of a head, and the sum of powers relative to it.
struct Softmax {
  float top = -INFINITY, sum = 0;

  __device__ __forceinline__ void add_two(float x, float y) {
    const float highest = fmaxf(x, y);
    if (highest > top) sum *= exp2f(top - highest), top = highest;
    if (top > -INFINITY) sum += exp2f(x - top) + exp2f(y - top);
  }
  __device__ __forceinline__ void add(float other_top, float other_sum) {
    const float highest = fmaxf(top, other_top);
    if (highest == -INFINITY) return;
    sum = sum * exp2f(top - highest) + other_sum * exp2f(other_top - highest);
    top = highest;
  }
};

// The queries of a list's heads, rotated and rounded to 127 steps of their largest value as on the CPU, so that products are whole
// numbers: exact, and a key's nibbles need no conversion.
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
      largest = warp_max(largest);
      const bool finite = largest <= 3.4e38f;
      const float inverse = largest > 0 && finite ? kQuerySteps / largest : 0.0f;
      int32_t sum = 0;
#pragma unroll
      for (int j = 0; j < kDim / 32; ++j) {
        const float step = values[j] * inverse;
        const bool sound = fabsf(step) < kQuerySteps + 0.5f;
        const int rounded = sound ? static_cast<int>(step + (step < 0 ? -0.5f : 0.5f)) : 0;
        steps[h][lane + 32 * j] = static_cast<int8_t>(rounded);
        sum += rounded;
      }
#pragma unroll
      for (int m = 16; m > 0; m /= 2) sum += __shfl_xor_sync(~0u, sum, m);
      if (lane != 0) continue;
      excess[h] = kKeyZero * sum;
      size[h] = finite ? largest / kQuerySteps * kLog2E * rsqrtf(static_cast<float>(n)) : 0.0f;
    }
  }

  // Values d, d + 2, d + 4 and d + 6 of a head.
  __device__ __forceinline__ uint32_t every_other(int h, int d) const {
    const int8_t* q = steps[h] + d;
    return static_cast<uint8_t>(q[0]) | static_cast<uint32_t>(static_cast<uint8_t>(q[2])) << 8 |
           static_cast<uint32_t>(static_cast<uint8_t>(q[4])) << 16 | static_cast<uint32_t>(static_cast<uint8_t>(q[6])) << 24;
  }
};

// kWords: of a key, for each of the four lanes that share it. The word w of a lane gives its operand of one product: the low halves of
// its bytes, then the high ones.
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
  const int32_t begin = max(first / kGroupKeys * kGroupKeys, chunk * kChunkTokens), end = min(last, (chunk + 1) * kChunkTokens);
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
      for (int w = 0; w < kWords; ++w)
        multiply_add(c, q[w], words[g][w] & 0x0f0f0f0fu, words[g][w] >> 4 & 0x0f0f0f0fu);
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

// What the blocks of a cluster tell each other while they select for one list. A cluster of one needs no hardware for clusters.
template <int kBlocks>
struct Cluster {
  static __device__ __forceinline__ int rank() {
    if constexpr (kBlocks == 1) return 0;
#if __CUDA_ARCH__ >= 900
    else return static_cast<int>(cooperative_groups::this_cluster().block_rank());
#else
    return 0;
#endif
  }
  static __device__ __forceinline__ void sync() {
    if constexpr (kBlocks == 1) __syncthreads();
#if __CUDA_ARCH__ >= 900
    else cooperative_groups::this_cluster().sync();
#endif
  }
  // The same variable in another block's shared memory.
  template <class T>
  static __device__ __forceinline__ T* of(T* variable, int block) {
    if constexpr (kBlocks == 1) return variable;
#if __CUDA_ARCH__ >= 900
    else return cooperative_groups::this_cluster().map_shared_rank(variable, block);
#else
    return variable;
#endif
  }
};

__device__ float block_sum(float x, float* shared) {
  x = warp_sum(x);
  if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = x;
  __syncthreads();
  float sum = 0;
  for (int w = 0; w < kSelectThreads / 32; ++w) sum += shared[w];
  __syncthreads();
  return sum;
}

// What the threads before this one have, and what all have.
__device__ uint32_t sum_before(uint32_t mine, uint32_t* shared, uint32_t& all) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  uint32_t upto = mine;
#pragma unroll
  for (int m = 1; m < 32; m *= 2) {
    const uint32_t other = __shfl_up_sync(~0u, upto, m);
    if (lane >= m) upto += other;
  }
  if (lane == 31) shared[warp] = upto;
  __syncthreads();
  uint32_t before = upto - mine;
  all = 0;
#pragma unroll
  for (int w = 0; w < kSelectThreads / 32; ++w) {
    if (w < warp) before += shared[w];
    all += shared[w];
  }
  __syncthreads();
  return before;
}

struct SelectMemory {
  uint32_t bins[kBins];
  uint32_t sums[kSelectThreads / 32];
  float tops[kMostHeadsPerList], factors[kMostHeadsPerList];
  // For the other blocks of the cluster.
  float total, held;
  uint32_t greater, equal;
  int digit;
  uint32_t rank;
};

// The digit of the weight at `rank` from the largest, 1 the first, and its rank among those with that digit; counted in the bins of the
// cluster's first block.
__device__ void find_digit(SelectMemory& m, int count, uint32_t rank) {
  const int each = count / kSelectThreads;
  const int highest = count - 1 - static_cast<int>(threadIdx.x) * each;  // thread 0 has the highest
  uint32_t mine = 0, all;
  for (int i = 0; i < each; ++i) mine += m.bins[highest - i];
  uint32_t before = sum_before(mine, m.sums, all);
  if (before < rank && rank <= before + mine)
    for (int i = 0; i < each; ++i) {
      const uint32_t here = m.bins[highest - i];
      if (rank <= before + here) {
        m.digit = highest - i, m.rank = rank - before;
        break;
      }
      before += here;
    }
}

// One cluster per list: weights, their border by digits of 11, 11 and 9 bits, then the positions in order. Each block has a part of
// the positions; the first one's bins count for all.
template <int kBlocks>
__global__ void __launch_bounds__(kSelectThreads) select(const ScoreArgs a) {
  using C = Cluster<kBlocks>;
  __shared__ SelectMemory m;
  const SelectDeviceRows& s = a.s;
  const int list = blockIdx.x / kBlocks, row = blockIdx.y, block = C::rank(), lists = s.geometry.groups * s.geometry.kv_heads;
  const int heads = s.geometry.query_heads / s.geometry.kv_heads;
  const int64_t out = static_cast<int64_t>(row) * lists + list;
  const int32_t position = s.positions[row];
  if (position < 0) {  // all blocks of a cluster alike
    if (threadIdx.x == 0 && block == 0) s.counts[out] = -1;
    return;
  }
  const SelectionRule rule = s.rules[row];
  const int32_t first = rule.middle_first(position), last = rule.middle_last(position);
  const int32_t room = rule.budget - rule.sink - rule.recent;
  const int32_t each = ((last - first + kBlocks - 1) / kBlocks + kTileTokens - 1) / kTileTokens * kTileTokens;
  const int32_t begin = min(last, first + block * each), end = min(last, begin + each);
  if (threadIdx.x < heads) {
    Softmax whole;
    for (int c = first / kChunkTokens; first < last && c <= (last - 1) / kChunkTokens; ++c) {
      const float2 part = a.w.parts[(out * a.w.chunks + c) * heads + threadIdx.x];
      whole.add(part.x, part.y);
    }
    const float of = rule.heads == SelectionRule::kMeanOfHeads ? static_cast<float>(heads) : 1.0f;
    m.tops[threadIdx.x] = whole.top == -INFINITY ? 0.0f : whole.top;
    m.factors[threadIdx.x] = whole.sum > 0 ? 1.0f / (whole.sum * of) : 0.0f;
  }
  for (int i = threadIdx.x; i < kBins; i += kSelectThreads) m.bins[i] = 0;
  __syncthreads();

  const float* scores = a.w.scores + out * heads * a.w.stride;
  float* weights = a.w.weights + out * a.w.stride;
  const bool mean = rule.heads == SelectionRule::kMeanOfHeads;
  float total = 0;
  for (int32_t p = begin + static_cast<int32_t>(threadIdx.x); p < end; p += kSelectThreads) {
    float weight = 0;
    for (int h = 0; h < heads; ++h) {
      const float share = exp2f(scores[h * a.w.stride + p] - m.tops[h]) * m.factors[h];
      weight = mean ? weight + fmaxf(share, 0.0f) : fmaxf(weight, share);  // the larger of a number and NaN is the number
    }
    weights[p] = weight;
    total += weight;
    atomicAdd(&m.bins[__float_as_uint(weight) >> 20], 1u);
  }
  total = block_sum(total, reinterpret_cast<float*>(m.sums));

  uint32_t border = 0, rank = static_cast<uint32_t>(max(room, 0));
  const bool all = room >= last - first, none = room <= 0;
  if (!all && !none) {
    constexpr int kShifts[] = {20, 9, 0}, kCounts[] = {2048, 2048, 512};
    for (int pass = 0; pass < 3; ++pass) {
      if (pass > 0) {
        for (int i = threadIdx.x; i < kBins; i += kSelectThreads) m.bins[i] = 0;
        __syncthreads();
        for (int32_t p = begin + static_cast<int32_t>(threadIdx.x); p < end; p += kSelectThreads) {
          const uint32_t bits = __float_as_uint(weights[p]);
          if (bits >> kShifts[pass - 1] == border >> kShifts[pass - 1])
            atomicAdd(&m.bins[bits >> kShifts[pass] & (static_cast<uint32_t>(kCounts[pass]) - 1)], 1u);
        }
      }
      C::sync();  // the first block's bins are zero or counted
      if (block > 0)
        for (int i = threadIdx.x; i < kCounts[pass]; i += kSelectThreads)
          if (m.bins[i] != 0) atomicAdd(C::of(&m.bins[i], 0), m.bins[i]);
      C::sync();
      if (block == 0) find_digit(m, kCounts[pass], rank);
      C::sync();
      border |= static_cast<uint32_t>(*C::of(&m.digit, 0)) << kShifts[pass];
      rank = *C::of(&m.rank, 0);
    }
  }

  // Of the weights that equal the border those at the front are chosen, `rank` of them.
  uint32_t greater = 0, equal = 0;
  for (int32_t p = begin + static_cast<int32_t>(threadIdx.x); p < end && !none; p += kSelectThreads) {
    const uint32_t bits = __float_as_uint(weights[p]);
    greater += all || bits > border, equal += !all && bits == border;
  }
  uint32_t of_block;
  sum_before(greater, m.sums, of_block);
  if (threadIdx.x == 0) m.greater = of_block, m.total = total;
  sum_before(equal, m.sums, of_block);
  if (threadIdx.x == 0) m.equal = of_block;
  C::sync();
  greater = equal = 0;  // of the blocks before this one
  for (int other = 0; other < block; ++other) greater += *C::of(&m.greater, other), equal += *C::of(&m.equal, other);

  const int32_t* pages = s.pages + s.page_offsets[row];
  const auto put = [&](int32_t index, int32_t p) {
    if (s.chosen != nullptr) s.chosen[out * s.stride + index] = p;
    s.slots[out * s.stride + index] = pages[p / s.geometry.page_tokens] * s.geometry.page_tokens + p % s.geometry.page_tokens;
  };
  float held = 0;
  for (int32_t tile = begin; tile < end && !none; tile += kTileTokens) {
    const int32_t mine = tile + static_cast<int32_t>(threadIdx.x) * kTileEach;
    uint32_t is_greater = 0, is_equal = 0;
    float kept[kTileEach];
#pragma unroll
    for (int i = 0; i < kTileEach; ++i) {
      kept[i] = mine + i < end ? weights[mine + i] : 0.0f;
      const uint32_t bits = __float_as_uint(kept[i]);
      if (mine + i < end) is_greater |= static_cast<uint32_t>(all || bits > border) << i, is_equal |= static_cast<uint32_t>(!all && bits == border) << i;
    }
    uint32_t whole;
    const uint32_t before = sum_before(__popc(is_greater) | __popc(is_equal) << 16, m.sums, whole);
    uint32_t greater_before = greater + (before & 0xffff), equal_before = equal + (before >> 16);
#pragma unroll
    for (int i = 0; i < kTileEach; ++i) {
      const bool tie = is_equal >> i & 1;
      if (is_greater >> i & 1 || (tie && equal_before < rank)) {
        put(first + static_cast<int32_t>(greater_before + min(equal_before, rank)), mine + i);
        held += kept[i];
      }
      greater_before += is_greater >> i & 1, equal_before += tie;
    }
    greater += whole & 0xffff, equal += whole >> 16;
  }
  const int32_t chosen = all ? last - first : max(room, 0);
  const int32_t count = first + chosen + position + 1 - last;
  if (block == 0)
    for (int32_t p = threadIdx.x; p < first; p += kSelectThreads) put(p, p);
  if (block == kBlocks - 1)
    for (int32_t p = last + static_cast<int32_t>(threadIdx.x); p <= position; p += kSelectThreads) put(first + chosen + p - last, p);
  held = block_sum(held, reinterpret_cast<float*>(m.sums));
  if (threadIdx.x == 0) m.held = held;
  C::sync();
  if (threadIdx.x == 0 && block == 0) {
    total = held = 0;
    for (int other = 0; other < kBlocks; ++other) total += *C::of(&m.total, other), held += *C::of(&m.held, other);
    s.counts[out] = count;
    s.mass[out] = total > 0 && !all ? fminf(1.0f, held / total) : 1.0f;
  }
  C::sync();  // until then the others' shared memory is read
}

void check_geometry(const DeviceKeyGeometry& g) {
  if (g.head_dim < 2 || g.head_dim % 2 != 0 || g.head_dim > kMostDim)
    throw std::invalid_argument("head_dim is " + std::to_string(g.head_dim) + "; it must be even and at most 256");
  if (g.heads_per_list() < 1 || g.heads_per_list() > kMostHeadsPerList)
    throw std::invalid_argument("a list has " + std::to_string(g.heads_per_list()) + " query heads; it must have 1 to 16");
  if (g.page_tokens % kGroupKeys != 0)
    throw std::invalid_argument("page_tokens is " + std::to_string(g.page_tokens) + "; it must be a multiple of 8");
}

template <int kWords>
void launch_score(const ScoreArgs& a, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>(a.w.chunks), static_cast<unsigned>(a.s.geometry.lists()), static_cast<unsigned>(a.s.rows));
  score<kWords><<<grid, 32 * kScoreWarps, 0, stream>>>(a);
  check_launch("score");
}

// Clusters came with compute capability 9.0. Where lists are many and not long, single blocks keep a device busy and have less to tell
// each other.
bool clusters_pay(const ScoreArgs& a) {
  static const std::pair<int, int> device = [] {
    int number = 0, major = 0, multiprocessors = 0;
    check(cudaGetDevice(&number), "cudaGetDevice");
    check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, number), "cudaDeviceGetAttribute");
    check(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, number), "cudaDeviceGetAttribute");
    return std::make_pair(major, multiprocessors);
  }();
  const int64_t lists = static_cast<int64_t>(a.s.rows) * a.s.geometry.lists();
  const bool few = lists <= device.second, longer = a.w.chunks >= 8 * kSelectBlocks;
  return device.first >= 9 && a.w.chunks >= kSelectBlocks && (few || longer);
}

void launch_select(const ScoreArgs& a, cudaStream_t stream) {
  const auto lists = static_cast<unsigned>(a.s.geometry.lists()), rows = static_cast<unsigned>(a.s.rows);
  if (!clusters_pay(a)) {
    select<1><<<dim3(lists, rows), kSelectThreads, 0, stream>>>(a);
  } else {
    cudaLaunchAttribute cluster{};
    cluster.id = cudaLaunchAttributeClusterDimension;
    cluster.val.clusterDim.x = kSelectBlocks, cluster.val.clusterDim.y = cluster.val.clusterDim.z = 1;
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(kSelectBlocks * lists, rows), config.blockDim = dim3(kSelectThreads), config.stream = stream;
    config.attrs = &cluster, config.numAttrs = 1;
    check(cudaLaunchKernelEx(&config, select<kSelectBlocks>, a), "select");
  }
  check_launch("select");
}

ScoreArgs score_args(const SelectDeviceRows& s) {
  check_geometry(s.geometry);
  return {s, workspace(s), s.geometry.list_bytes(), s.geometry.page_bytes(), s.geometry.scales_offset()};
}

void score_keys(const ScoreArgs& a, cudaStream_t stream) {
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

}  // namespace

void append_keys(const AppendDeviceKeys& args, cudaStream_t stream) {
  const DeviceKeyGeometry& g = args.geometry;
  check_geometry(g);
  if (args.rows == 0) return;
  append<<<static_cast<unsigned>(args.rows), 32 * kAppendWarps, 0, stream>>>(args, g.row_dim(), g.list_bytes(), g.page_bytes(),
                                                                            g.scales_offset());
  check_launch("append");
}

size_t workspace_floats(const SelectDeviceRows& s) {
  const int64_t lists = static_cast<int64_t>(s.rows) * s.geometry.lists();
  return static_cast<size_t>(lists * (score_stride(s) * (s.geometry.heads_per_list() + 1) +
                                      2 * static_cast<int64_t>(chunks(s)) * s.geometry.heads_per_list()));
}

void score_keys(const SelectDeviceRows& args, cudaStream_t stream) {
  if (args.rows > 0) score_keys(score_args(args), stream);
}

void score_and_select(const SelectDeviceRows& args, cudaStream_t stream) {
  if (args.rows == 0) return;
  const ScoreArgs a = score_args(args);
  score_keys(a, stream);
  launch_select(a, stream);
}

}  // namespace cuda
}  // namespace contexture
