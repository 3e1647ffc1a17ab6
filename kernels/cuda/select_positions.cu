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

__device__ __forceinline__ bool is_candidate(uint32_t weight_bits) { return weight_bits >> 31 == 0; }

struct SelectMemory {
  Bins bins;
  uint32_t sums[kSelectThreads / 32];
  HeadFactors heads;
  // For the other blocks of the cluster.
  float total, held;
  uint32_t greater, equal;
};

// One cluster per list: weights, their border digit by digit, then the positions in order. Each block has a part of the
// positions; the first one's bins count for all. Where blocks were kept before, their positions are all there is to choose
// from.
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
  m.heads.fill(a, out, rule, first, last, heads);
  m.bins.clear();
  __syncthreads();

  const bool none = room <= 0, all = room >= last - first;
  const bool by_blocks = !none && !all && rule.unit != SelectionRule::kTokens && s.most_blocks > 0;
  const int32_t candidates = by_blocks ? a.w.kept_tokens[out] : last - first;
  const bool every = candidates <= room;  // candidate is chosen
  const float* scores = a.w.scores + out * heads * a.w.stride;
  float* weights = a.w.weights + out * a.w.stride;
  const bool mean = rule.heads == SelectionRule::kMeanOfHeads;
  float total = 0;
  for (int32_t p = begin + static_cast<int32_t>(threadIdx.x); p < end; p += kSelectThreads) {
    const float weight = by_blocks ? weights[p] : m.heads.weight(scores + p, a.w.stride, heads, mean);
    if (!by_blocks) weights[p] = weight;
    total += fabsf(weight);
    const uint32_t bits = __float_as_uint(weight);
    if (is_candidate(bits)) atomicAdd(&m.bins.bins[bits >> Bins::shift(0)], 1u);
  }
  total = block_sum(total, reinterpret_cast<float*>(m.sums));

  uint32_t border = 0, rank = static_cast<uint32_t>(max(room, 0));
  if (!every && !none) {
    for (int pass = 0; pass < Bins::kDigits; ++pass) {
      const int count = Bins::count(pass);
      if (pass > 0) {
        m.bins.clear();
        __syncthreads();
        for (int32_t p = begin + static_cast<int32_t>(threadIdx.x); p < end; p += kSelectThreads) {
          const uint32_t bits = __float_as_uint(weights[p]);
          if (bits >> Bins::shift(pass - 1) == border >> Bins::shift(pass - 1))
            atomicAdd(&m.bins.bins[bits >> Bins::shift(pass) & (static_cast<uint32_t>(count) - 1)], 1u);
        }
      }
      C::sync();  // the first block's bins are zero or counted
      if (block > 0)
        for (int i = threadIdx.x; i < count; i += kSelectThreads)
          if (m.bins.bins[i] != 0) atomicAdd(C::of(&m.bins.bins[i], 0), m.bins.bins[i]);
      C::sync();
      if (block == 0) m.bins.find<kSelectThreads>(count, rank, m.sums);
      C::sync();
      border |= static_cast<uint32_t>(*C::of(&m.bins.digit, 0)) << Bins::shift(pass);
      rank = *C::of(&m.bins.rank, 0);
    }
  }

  // Of the weights that equal the border those at the front are chosen, `rank` of them.
  uint32_t greater = 0, equal = 0;
  for (int32_t p = begin + static_cast<int32_t>(threadIdx.x); p < end && !none; p += kSelectThreads) {
    const uint32_t bits = __float_as_uint(weights[p]);
    greater += is_candidate(bits) && (every || bits > border), equal += !every && bits == border;
  }
  uint32_t of_block;
  sum_before<kSelectThreads>(greater, m.sums, of_block);
  if (threadIdx.x == 0) m.greater = of_block, m.total = total;
  sum_before<kSelectThreads>(equal, m.sums, of_block);
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
        is_greater |= static_cast<uint32_t>(is_candidate(bits) && (every || bits > border)) << i,
            is_equal |= static_cast<uint32_t>(!every && bits == border) << i;
    }
    uint32_t whole;
    const uint32_t before = sum_before<kSelectThreads>(__popc(is_greater) | __popc(is_equal) << 16, m.sums, whole);
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
  const int32_t chosen = min(candidates, max(room, 0));
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
