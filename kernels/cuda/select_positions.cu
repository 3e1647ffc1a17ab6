#include <cooperative_groups.h>

#include <utility>

#include "cuda/retrieval_work.cuh"
#include "cuda/tensor_core.cuh"

namespace contexture {
namespace cuda {
namespace {

constexpr int kSelectThreads = 512;
constexpr int kTileEach = 4;  // positions of a thread that are put in order at once
constexpr int kTileTokens = kSelectThreads * kTileEach;
constexpr int kSelectBlocks = 8;  // of a cluster
constexpr int kBins = 2048;

// What the blocks of a cluster tell each other while they select for one list. A cluster of one needs no hardware for
// clusters.
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

// The digit of the weight at `rank` from the largest, 1 the first, and its rank among those with that digit; counted in the
// bins of the cluster's first block.
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

// One cluster per list: weights, their border by digits of 11, 11 and 9 bits, then the positions in order. Each block has a
// part of the positions; the first one's bins count for all.
template <int kBlocks>
__global__ void __launch_bounds__(kSelectThreads) select(const ScoreArgs a) {
  using C = Cluster<kBlocks>;
  __shared__ SelectMemory m;
  const SelectDeviceRows& s = a.s;
  const int list = blockIdx.x / kBlocks, row = blockIdx.y, block = C::rank(),
            lists = s.geometry.groups * s.geometry.kv_heads;
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
    s.slots[out * s.stride + index] =
        pages[p / s.geometry.page_tokens] * s.geometry.page_tokens + p % s.geometry.page_tokens;
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
      if (mine + i < end)
        is_greater |= static_cast<uint32_t>(all || bits > border) << i,
            is_equal |= static_cast<uint32_t>(!all && bits == border) << i;
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
    for (int32_t p = last + static_cast<int32_t>(threadIdx.x); p <= position; p += kSelectThreads)
      put(first + chosen + p - last, p);
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

// Clusters came with compute capability 9.0. Where lists are many and not long, single blocks keep a device busy and have
// less to tell each other.
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

}  // namespace

void launch_selection(const ScoreArgs& a, cudaStream_t stream) {
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

}  // namespace cuda
}  // namespace contexture
