// Which blocks of a row may be chosen from: the best by their pooled weight as long as they fit, as on CPUs.
//
// Idea: the border between blocks that fit for sure and the rest is found by digits of their scores, as that of single
// positions is, but with lengths for counts; what is left of the room then takes single blocks, best first, of those that
// still fit. All positions of other blocks get a sign on their weight, and the selection of positions passes them by.
#include "cuda/retrieval_work.cuh"
#include "cuda/tensor_core.cuh"

namespace contexture {
namespace cuda {
namespace {

constexpr int kThreads = 512, kWarps = kThreads / 32;
constexpr uint32_t kSign = 0x80000000u;

// The parts of [first, last) that blocks have: part i lies in the block `before + i`; behind the last end is one block more.
struct Parts {
  const int32_t* ends;
  int32_t end_count, first, last, before, count;

  __device__ Parts(const int32_t* block_ends, int32_t block_count, int32_t from, int32_t to)
      : ends(block_ends), end_count(block_count), first(from), last(to) {
    before = ends_up_to(first);
    count = ends_up_to(last - 1) - before + 1;
  }
  __device__ __forceinline__ int32_t begin(int32_t part) const { return part == 0 ? first : ends[before + part - 1]; }
  __device__ __forceinline__ int32_t end(int32_t part) const {
    return before + part < end_count ? min(ends[before + part], last) : last;
  }
  __device__ __forceinline__ int32_t length(int32_t part) const { return end(part) - begin(part); }

 private:
  __device__ int32_t ends_up_to(int32_t position) const {
    int32_t low = 0, high = end_count;
    while (low < high) {
      const int32_t middle = (low + high) / 2;
      if (ends[middle] <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
};

struct Memory {
  Bins bins;
  uint32_t sums[kWarps];
  HeadFactors heads;
  unsigned long long best;
};

__device__ float pooled(const float* weights, int32_t begin, int32_t end, int32_t pooling) {
  float sum = 0, top = 0;
  for (int32_t p = begin + static_cast<int32_t>(threadIdx.x % 32); p < end; p += 32)
    sum += weights[p], top = fmaxf(top, weights[p]);
  if (pooling == SelectionRule::kMax) return warp_max(top);
  sum = warp_sum(sum);
  return pooling == SelectionRule::kMean ? sum / static_cast<float>(end - begin) : sum;
}

// Keeps the best parts of at most `room` positions in all, by a sign on their scores, and gives what is left of the room.
__device__ int32_t keep_best(Memory& m, const Parts& parts, uint32_t* scores, int32_t room) {
  uint32_t border = 0, rank = static_cast<uint32_t>(room) + 1;
  for (int digit = 0; digit < Bins::kDigits; ++digit) {
    m.bins.clear();
    __syncthreads();
    for (int32_t i = threadIdx.x; i < parts.count; i += kThreads)
      if (digit == 0 || scores[i] >> Bins::shift(digit - 1) == border >> Bins::shift(digit - 1))
        atomicAdd(&m.bins.bins[scores[i] >> Bins::shift(digit) & (static_cast<uint32_t>(Bins::count(digit)) - 1)],
                  static_cast<uint32_t>(parts.length(i)));
    __syncthreads();
    m.bins.find<kThreads>(Bins::count(digit), rank, m.sums);
    __syncthreads();
    border |= static_cast<uint32_t>(m.bins.digit) << Bins::shift(digit);
    rank = m.bins.rank;
    __syncthreads();
  }
  for (int32_t i = threadIdx.x; i < parts.count; i += kThreads)
    if (scores[i] > border) scores[i] |= kSign;
  // Each turn takes one block of at most `left` positions, so there are no more turns than those have blocks.
  int32_t left = static_cast<int32_t>(rank) - 1;
  while (left > 0) {
    if (threadIdx.x == 0) m.best = 0;
    __syncthreads();
    unsigned long long mine = 0;
    for (int32_t i = threadIdx.x; i < parts.count; i += kThreads)
      if ((scores[i] & kSign) == 0 && parts.length(i) <= left)
        mine = max(mine, static_cast<unsigned long long>(scores[i]) << 32 | ~static_cast<uint32_t>(i));
    for (int lanes = 16; lanes > 0; lanes /= 2) mine = max(mine, __shfl_xor_sync(~0u, mine, lanes));
    if (threadIdx.x % 32 == 0 && mine != 0) atomicMax(&m.best, mine);
    __syncthreads();
    const unsigned long long best = m.best;
    __syncthreads();
    if (best == 0) break;
    const auto part = static_cast<int32_t>(~static_cast<uint32_t>(best));
    left -= parts.length(part);
    if (threadIdx.x == 0) scores[part] |= kSign;
    __syncthreads();
  }
  return left;
}

__global__ void __launch_bounds__(kThreads) keep_blocks(const ScoreArgs a) {
  __shared__ Memory m;
  const SelectDeviceRows& s = a.s;
  const int list = blockIdx.x, row = blockIdx.y, lists = s.geometry.groups * s.geometry.kv_heads;
  const int heads = s.geometry.query_heads / s.geometry.kv_heads, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int32_t position = s.positions[row];
  if (position < 0) return;
  const SelectionRule rule = s.rules[row];
  const int32_t first = rule.middle_first(position), last = rule.middle_last(position);
  const int32_t always = rule.sink + rule.recent, room = rule.budget - always;
  if (rule.unit == SelectionRule::kTokens || room <= 0 || room >= last - first) return;

  const int64_t out = static_cast<int64_t>(row) * lists + list;
  m.heads.fill(a, out, rule, first, last, heads);
  __syncthreads();
  const float* of_heads = a.w.scores + out * heads * a.w.stride;
  float* weights = a.w.weights + out * a.w.stride;
  const bool mean = rule.heads == SelectionRule::kMeanOfHeads;
  for (int32_t p = first + static_cast<int32_t>(threadIdx.x); p < last; p += kThreads)
    weights[p] = m.heads.weight(of_heads + p, a.w.stride, heads, mean);
  __syncthreads();

  const int32_t most = rule.unit == SelectionRule::kBlocks ? room : max(rule.residency, rule.budget) - always;
  if (most >= last - first) {
    if (threadIdx.x == 0) a.w.kept_tokens[out] = last - first;
    return;
  }
  const Parts parts(s.block_ends + s.block_offsets[row], s.block_offsets[row + 1] - s.block_offsets[row], first, last);
  auto* scores = reinterpret_cast<uint32_t*>(a.w.block_scores + out * s.most_blocks);
  for (int32_t i = warp; i < parts.count; i += kWarps) {
    const float score = pooled(weights, parts.begin(i), parts.end(i), rule.pooling);
    if (lane == 0) scores[i] = __float_as_uint(score);
  }
  __syncthreads();
  const int32_t left = keep_best(m, parts, scores, most);
  __syncthreads();
  for (int32_t i = warp; i < parts.count; i += kWarps)
    if ((scores[i] & kSign) == 0)
      for (int32_t p = parts.begin(i) + lane; p < parts.end(i); p += 32)
        weights[p] = __uint_as_float(__float_as_uint(weights[p]) | kSign);
  if (threadIdx.x == 0) a.w.kept_tokens[out] = most - left;
}

}  // namespace

void launch_blocks(const ScoreArgs& a, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>(a.s.geometry.lists()), static_cast<unsigned>(a.s.rows));
  keep_blocks<<<grid, kThreads, 0, stream>>>(a);
  check_launch("keep_blocks");
}

}  // namespace cuda
}  // namespace contexture
