#include "cuda/retrieval.h"

#include <stdexcept>
#include <string>

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
constexpr int kBins = 2048;
constexpr int kMostDim = 256;
constexpr float kKeySteps = 7.0f;
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
      word |= static_cast<uint32_t>(rounded + 8) << 4 * e;
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

// Two values of a word, those at `shift` and 16 bits above, as halves: 1024 + v is a half whose lowest bits are v.
__device__ __forceinline__ uint32_t halves_of(uint32_t word, int shift) {
  const uint32_t with_offset = (word >> shift & 0x000f000fu) | 0x64006400u;
  return bits_of(__hsub2(*reinterpret_cast<const __half2*>(&with_offset), __half2half2(__ushort_as_half(0x6408))));
}

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

  __device__ __forceinline__ void add(float x) {
    if (x > top) sum *= exp2f(top - x), top = x;
    if (x > -INFINITY) sum += exp2f(x - top);
  }
  __device__ __forceinline__ void add(float other_top, float other_sum) {
    const float highest = fmaxf(top, other_top);
    if (highest == -INFINITY) return;
    sum = sum * exp2f(top - highest) + other_sum * exp2f(other_top - highest);
    top = highest;
  }
};

// kWords: of a key, for each of the four lanes that share it.
template <int kWords>
__global__ void __launch_bounds__(32 * kScoreWarps) score(const ScoreArgs a) {
  constexpr int kDim = 32 * kWords;
  __shared__ __half queries[kMostHeadsPerList][kDim + 8];
  __shared__ float2 parts[kScoreWarps][kMostHeadsPerList];
  const SelectDeviceRows& s = a.s;
  const int chunk = blockIdx.x, list = blockIdx.y, row = blockIdx.z;
  const int32_t position = s.positions[row];
  if (position < 0) return;
  const int32_t first = s.rules[row].middle_first(position), last = s.rules[row].middle_last(position);
  const int32_t begin = max(first / kGroupKeys * kGroupKeys, chunk * kChunkTokens), end = min(last, (chunk + 1) * kChunkTokens);
  if (begin >= end) return;

  const int n = s.geometry.head_dim, heads = s.geometry.query_heads / s.geometry.kv_heads;
  const int lists = s.geometry.groups * s.geometry.kv_heads, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const float scale = kLog2E * rsqrtf(static_cast<float>(n));
  for (int i = threadIdx.x; i < kMostHeadsPerList * kDim; i += 32 * kScoreWarps) {
    const int h = i / kDim, d = i % kDim;
    const float* x = s.queries + ((static_cast<int64_t>(row) * lists + list) * heads + h) * n;
    const int64_t angle = static_cast<int64_t>(position) * (n / 2);
    queries[h][d] = __float2half(h < heads ? scale * rotated(x, s.rope_cos + angle, s.rope_sin + angle, n, d) : 0.0f);
  }
  __syncthreads();
  // Word w of this lane's part of a key gives the columns of two products: its values 0, 4, 1, 5 and 2, 6, 3, 7.
  uint32_t q[2 * kWords][4];
#pragma unroll
  for (int w = 0; w < kWords; ++w)
#pragma unroll
    for (int half = 0; half < 2; ++half)
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int d = 8 * (lane % 4 * kWords + w) + 2 * half + i / 2, h = lane / 4 + i % 2 * 8;
        q[2 * w + half][i] = bits_of(__halves2half2(queries[h][d], queries[h][d + 4]));
      }

  const int32_t page_tokens = s.geometry.page_tokens;
  const int32_t* pages = s.pages + s.page_offsets[row];
  const char* base = static_cast<const char*>(s.pool) + list * a.list_bytes;
  float* scores = a.w.scores + (static_cast<int64_t>(row) * lists + list) * heads * a.w.stride;
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
      float c[4] = {};
#pragma unroll
      for (int w = 0; w < kWords; ++w) {
        multiply_add<__half>(c, q[2 * w], halves_of(words[g][w], 0), halves_of(words[g][w], 4));
        multiply_add<__half>(c, q[2 * w + 1], halves_of(words[g][w], 8), halves_of(words[g][w], 12));
      }
      const int32_t mine = p + 2 * (lane % 4);
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int h = lane / 4 + 8 * half;
        if (h >= heads) continue;
        const float2 pair = make_float2(c[2 * half] * sizes[g].x, c[2 * half + 1] * sizes[g].y);
        *reinterpret_cast<float2*>(scores + h * a.w.stride + mine) = pair;
        if (mine >= first && mine < last) softmax[half].add(pair.x);
        if (mine + 1 >= first && mine + 1 < last) softmax[half].add(pair.y);
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

__device__ float block_sum(float x, float* shared) {
  x = warp_sum(x);
  if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = x;
  __syncthreads();
  float sum = 0;
  for (int w = 0; w < kSelectThreads / 32; ++w) sum += shared[w];
  __syncthreads();
  return sum;
}

// Numbers of this thread's items before it in the block, and of all; both counts in one word, 16 bits each.
__device__ uint32_t scan_before(uint32_t mine, uint32_t* shared, uint32_t& all) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  uint32_t upto = mine;
#pragma unroll
  for (int m = 1; m < 32; m *= 2) {
    const uint32_t other = __shfl_up_sync(~0u, upto, m);
    if (lane >= m) upto += other;
  }
  if (lane == 31) shared[warp] = upto;
  __syncthreads();
  uint32_t before = 0;
  all = 0;
#pragma unroll
  for (int w = 0; w < kSelectThreads / 32; ++w) {
    if (w < warp) before += shared[w];
    all += shared[w];
  }
  __syncthreads();
  return before + upto - mine;
}

// Finds the bits of the weight at rank `wanted` (from the largest, 1 the first) among those that begin with `prefix`, one digit of
// them, from the numbers in the bins. Leaves in `rank` the rank within the bin.
__device__ int digit_of_rank(const uint32_t* bins, int count, uint32_t* shared, uint32_t& rank) {
  __shared__ int found;
  __shared__ uint32_t rest;
  const int each = count / kSelectThreads > 0 ? count / kSelectThreads : 1;
  // Thread 0 has the highest bins.
  const int highest = count - 1 - static_cast<int>(threadIdx.x) * each;
  uint32_t mine = 0;
  for (int i = 0; i < each; ++i)
    if (highest - i >= 0) mine += bins[highest - i];
  // Counts may need more than 16 bits: a plain sum.
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
  for (int w = 0; w < warp; ++w) before += shared[w];
  if (before < rank && rank <= before + mine) {
    for (int i = 0; i < each; ++i) {
      const uint32_t here = bins[highest - i];
      if (rank <= before + here) {
        found = highest - i, rest = rank - before;
        break;
      }
      before += here;
    }
  }
  __syncthreads();
  rank = rest;
  return found;
}

// One block per list: weights, their border by digits of 11, 11 and 9 bits, then the positions in order.
__global__ void __launch_bounds__(kSelectThreads) select(const ScoreArgs a) {
  __shared__ uint32_t bins[kBins];
  __shared__ uint32_t shared[kSelectThreads / 32];
  __shared__ float tops[kMostHeadsPerList], factors[kMostHeadsPerList];
  const SelectDeviceRows& s = a.s;
  const int list = blockIdx.x, row = blockIdx.y, lists = s.geometry.groups * s.geometry.kv_heads;
  const int heads = s.geometry.query_heads / s.geometry.kv_heads;
  const int64_t out = static_cast<int64_t>(row) * lists + list;
  const int32_t position = s.positions[row];
  if (position < 0) {
    if (threadIdx.x == 0) s.counts[out] = -1;
    return;
  }
  const SelectionRule rule = s.rules[row];
  const int32_t first = rule.middle_first(position), last = rule.middle_last(position);
  const int32_t room = rule.budget - rule.sink - rule.recent;
  if (threadIdx.x < heads) {
    Softmax whole;
    for (int c = first / kChunkTokens; first < last && c <= (last - 1) / kChunkTokens; ++c) {
      const float2 part = a.w.parts[(out * a.w.chunks + c) * heads + threadIdx.x];
      whole.add(part.x, part.y);
    }
    const float of = rule.heads == SelectionRule::kMeanOfHeads ? static_cast<float>(heads) : 1.0f;
    tops[threadIdx.x] = whole.top == -INFINITY ? 0.0f : whole.top;
    factors[threadIdx.x] = whole.sum > 0 ? 1.0f / (whole.sum * of) : 0.0f;
  }
  for (int i = threadIdx.x; i < kBins; i += kSelectThreads) bins[i] = 0;
  __syncthreads();

  const float* scores = a.w.scores + out * heads * a.w.stride;
  float* weights = a.w.weights + out * a.w.stride;
  const bool mean = rule.heads == SelectionRule::kMeanOfHeads;
  float total = 0;
  for (int32_t p = first + static_cast<int32_t>(threadIdx.x); p < last; p += kSelectThreads) {
    float weight = 0;
    for (int h = 0; h < heads; ++h) {
      const float share = exp2f(scores[h * a.w.stride + p] - tops[h]) * factors[h];
      weight = mean ? weight + fmaxf(share, 0.0f) : fmaxf(weight, share);  // the larger of a number and NaN is the number
    }
    weights[p] = weight;
    total += weight;
    atomicAdd(&bins[__float_as_uint(weight) >> 20], 1u);
  }
  total = block_sum(total, reinterpret_cast<float*>(shared));  // and everyone's weights and bins are there

  uint32_t border = 0, rank = static_cast<uint32_t>(max(room, 0));
  const bool all = room >= last - first, none = room <= 0;
  if (!all && !none) {
    border = static_cast<uint32_t>(digit_of_rank(bins, kBins, shared, rank)) << 20;
    constexpr int kShifts[] = {9, 0}, kUppers[] = {20, 9}, kCounts[] = {2048, 512};
    for (int pass = 0; pass < 2; ++pass) {
      for (int i = threadIdx.x; i < kBins; i += kSelectThreads) bins[i] = 0;
      __syncthreads();
      for (int32_t p = first + static_cast<int32_t>(threadIdx.x); p < last; p += kSelectThreads) {
        const uint32_t bits = __float_as_uint(weights[p]);
        if (bits >> kUppers[pass] == border >> kUppers[pass])
          atomicAdd(&bins[bits >> kShifts[pass] & (static_cast<uint32_t>(kCounts[pass]) - 1)], 1u);
      }
      __syncthreads();
      border |= static_cast<uint32_t>(digit_of_rank(bins, kCounts[pass], shared, rank)) << kShifts[pass];
    }
  }
  // `rank` of the weights that equal the border are chosen, those at the front.
  const int32_t* pages = s.pages + s.page_offsets[row];
  const auto put = [&](int32_t index, int32_t p) {
    if (s.chosen != nullptr) s.chosen[out * s.stride + index] = p;
    s.slots[out * s.stride + index] = pages[p / s.geometry.page_tokens] * s.geometry.page_tokens + p % s.geometry.page_tokens;
  };
  for (int32_t p = threadIdx.x; p < first; p += kSelectThreads) put(p, p);
  int32_t count = first;
  uint32_t equal = 0;  // so far
  float held = 0;
  for (int32_t tile = first; tile < last && !none; tile += kSelectThreads) {
    const int32_t p = tile + static_cast<int32_t>(threadIdx.x);
    const float weight = p < last ? weights[p] : 0.0f;
    const uint32_t bits = __float_as_uint(weight);
    const bool greater = p < last && (all || bits > border), tie = p < last && !all && bits == border;
    uint32_t whole;
    const uint32_t before = scan_before((greater ? 1u : 0u) | (tie ? 1u << 16 : 0u), shared, whole);
    const uint32_t ties_before = equal + (before >> 16);
    if (greater || (tie && ties_before < rank)) {
      const uint32_t taken = min(ties_before, rank) - min(equal, rank);
      put(count + static_cast<int32_t>((before & 0xffff) + taken), p);
      held += weight;
    }
    count += static_cast<int32_t>((whole & 0xffff) + min(equal + (whole >> 16), rank) - min(equal, rank));
    equal += whole >> 16;
  }
  for (int32_t p = last + static_cast<int32_t>(threadIdx.x); p <= position; p += kSelectThreads) put(count + p - last, p);
  held = block_sum(held, reinterpret_cast<float*>(shared));
  if (threadIdx.x == 0) {
    s.counts[out] = count + position + 1 - last;
    s.mass[out] = total > 0 ? fminf(1.0f, held / total) : 1.0f;
  }
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
  select<<<dim3(static_cast<unsigned>(args.geometry.lists()), static_cast<unsigned>(args.rows)), kSelectThreads, 0, stream>>>(a);
  check_launch("select");
}

}  // namespace cuda
}  // namespace contexture
