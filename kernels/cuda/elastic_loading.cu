#include "cuda/elastic_loading.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "cuda/layer_rows.h"
#include "cuda/retrieval_work.cuh"

namespace contexture {
namespace cuda {
namespace {

constexpr int kDifferenceThreads = 256;
constexpr int kGatherWarps = 16;
constexpr int kGatherBlocks = 32;  // enough for what a link can have in flight; the rest of the device computes
constexpr int kInFlight = 4;       // rows of a warp
constexpr size_t kMostShared = 200 << 10;

size_t difference_bytes(int64_t most_positions, int32_t room) {
  return static_cast<size_t>((most_positions + 31) / 32 + room) * sizeof(uint32_t);
}

// A block per list. A bit per position says what is wanted and not yet found.
__global__ void __launch_bounds__(kDifferenceThreads) difference(const LoadDifference a) {
  extern __shared__ uint32_t wanted[];
  __shared__ uint32_t sums[kDifferenceThreads / 32];
  const int list = blockIdx.x, row = blockIdx.y, words = (a.most_positions + 31) / 32;
  auto* free = reinterpret_cast<int32_t*>(wanted + words);  // slots that hold nothing that is wanted
  const int64_t at = static_cast<int64_t>(row) * a.lists + list,
                source = static_cast<int64_t>(a.chosen[row]) * a.lists + list;
  const int32_t count = a.counts[source], place = a.places[row], own = a.own[row];
  const int32_t *positions = a.positions + source * a.stride, *slots = a.slots + source * a.stride;
  const int64_t state = static_cast<int64_t>(place) * a.lists + list;
  int32_t* held = a.held + state * a.room;
  const bool same = a.held_owner[state] == a.owners[row];
  for (int i = threadIdx.x; i < words; i += kDifferenceThreads) wanted[i] = 0;
  __syncthreads();
  for (int32_t i = threadIdx.x; i < count; i += kDifferenceThreads)
    atomicOr(&wanted[positions[i] / 32], 1u << positions[i] % 32);
  __syncthreads();

  int32_t* resident = a.resident + at * a.room;
  uint32_t kept_before = 0, free_before = 0;
  for (int32_t begin = 0; begin < a.room; begin += kDifferenceThreads) {
    const int32_t slot = begin + static_cast<int32_t>(threadIdx.x);
    bool kept = false;
    if (slot < a.room) {
      const int32_t position = same ? held[slot] : -1;
      if (!same) held[slot] = -1;
      if (position >= 0 && position < a.most_positions) {
        const uint32_t bit = 1u << position % 32;
        kept = (atomicAnd(&wanted[position / 32], ~bit) & bit) != 0;
      }
      if (kept && position == own) a.own_slots[at] = place * a.room + slot;
    }
    uint32_t all;
    const uint32_t before = sum_before<kDifferenceThreads>(kept ? 1 : 0, sums, all);
    if (kept) resident[kept_before + before] = place * a.room + slot;
    else if (slot < a.room) free[free_before + threadIdx.x - before] = slot;
    kept_before += all;
    free_before += static_cast<uint32_t>(min(kDifferenceThreads, a.room - begin)) - all;
  }
  __syncthreads();

  uint32_t missing_before = 0, loads_before = 0;
  for (int32_t begin = 0; begin < count; begin += kDifferenceThreads) {
    const int32_t i = begin + static_cast<int32_t>(threadIdx.x);
    const int32_t position = i < count ? positions[i] : 0;
    const bool missing = i < count && (wanted[position / 32] >> position % 32 & 1) != 0, loads = missing && position != own;
    uint32_t all;
    const uint32_t before = sum_before<kDifferenceThreads>((missing ? 1u : 0u) | (loads ? 1u << 16 : 0u), sums, all);
    if (missing) {
      const uint32_t index = missing_before + (before & 0xffff);
      const int32_t slot = free[index];
      held[slot] = position;
      resident[kept_before + index] = place * a.room + slot;
      if (position == own) a.own_slots[at] = place * a.room + slot;
    }
    if (loads) {
      const uint32_t index = loads_before + (before >> 16);
      a.load_from[at * a.room + index] = slots[i];
      a.load_to[at * a.room + index] = place * a.room + free[missing_before + (before & 0xffff)];
    }
    missing_before += all & 0xffff;
    loads_before += all >> 16;
  }
  if (threadIdx.x == 0) a.load_counts[at] = static_cast<int32_t>(loads_before), a.held_owner[state] = a.owners[row];
}

struct GatherArgs {
  GatherRows g;
  LayerRows from, to;
  int32_t kv_heads;
};

__device__ __forceinline__ const char* row_of(const LayerRows& rows, int32_t slot, int32_t head) {
  const int32_t token = slot & ((1 << rows.page_shift) - 1);
  return rows.keys + (slot >> rows.page_shift) * rows.page_bytes + head * rows.head_bytes + token * rows.row_stride;
}

// A warp per row of keys and row of values, some of them at once.
__global__ void __launch_bounds__(32 * kGatherWarps) gather(const GatherArgs a) {
  const GatherRows& g = a.g;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int chunks = static_cast<int>(a.from.row_bytes / 16);  // of 16 bytes
  for (int item = blockIdx.x; item < g.rows * a.kv_heads; item += gridDim.x) {
    const int row = item / a.kv_heads, head = item % a.kv_heads;
    const int64_t list = static_cast<int64_t>(row) * g.lists + g.first_list + (g.group_lists == 1 ? 0 : head);
    const int32_t count = g.load_counts[list];
    const int32_t *from = g.load_from + list * g.room, *to = g.load_to + list * g.room;
    for (int32_t begin = warp * kInFlight; begin < count; begin += kGatherWarps * kInFlight) {
      for (int c = lane; c < 2 * chunks; c += 32) {
        const int64_t offset = c < chunks ? 16 * c : a.from.value_offset + 16 * (c - chunks);
        uint4 bytes[kInFlight];
#pragma unroll
        for (int i = 0; i < kInFlight; ++i)
          if (begin + i < count)
            bytes[i] = __ldcs(reinterpret_cast<const uint4*>(row_of(a.from, from[begin + i], head) + offset));
#pragma unroll
        for (int i = 0; i < kInFlight; ++i)
          if (begin + i < count)
            *reinterpret_cast<uint4*>(const_cast<char*>(row_of(a.to, to[begin + i], head)) + offset) = bytes[i];
      }
    }
  }
}

constexpr int kPageThreads = 256;

__global__ void __launch_bounds__(kPageThreads) pages(const GatherPages g, int64_t page_bytes) {
  const int64_t i = blockIdx.x;
  const char* from = static_cast<const char*>(g.from) + (g.from_pages == nullptr ? i : g.from_pages[i]) * page_bytes;
  char* to = static_cast<char*>(g.to) + (g.to_pages == nullptr ? i : g.to_pages[i]) * page_bytes;
  const int64_t chunks = page_bytes / 16;
  for (int64_t begin = threadIdx.x; begin < chunks; begin += kPageThreads * kInFlight) {
    uint4 bytes[kInFlight];
#pragma unroll
    for (int j = 0; j < kInFlight; ++j)
      if (begin + j * kPageThreads < chunks)
        bytes[j] = __ldcs(reinterpret_cast<const uint4*>(from) + begin + j * kPageThreads);
#pragma unroll
    for (int j = 0; j < kInFlight; ++j)
      if (begin + j * kPageThreads < chunks) reinterpret_cast<uint4*>(to)[begin + j * kPageThreads] = bytes[j];
  }
}

}  // namespace

int64_t most_loadable_positions(int32_t room) { return (static_cast<int64_t>(kMostShared / sizeof(uint32_t)) - room) * 32; }

void load_difference(const LoadDifference& args, cudaStream_t stream) {
  if (args.rows == 0) return;
  if (args.most_positions > most_loadable_positions(args.room))
    throw std::invalid_argument("positions go up to " + std::to_string(args.most_positions) + "; with lists of " +
                                std::to_string(args.room) + " they may go up to " +
                                std::to_string(most_loadable_positions(args.room)));
  static const bool allowed = [] {
    check(cudaFuncSetAttribute(difference, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(kMostShared)),
          "shared memory");
    return true;
  }();
  (void)allowed;
  const dim3 grid(static_cast<unsigned>(args.lists), static_cast<unsigned>(args.rows));
  difference<<<grid, kDifferenceThreads, difference_bytes(args.most_positions, args.room), stream>>>(args);
  check_launch("difference");
}

void gather_rows(const GatherRows& args, cudaStream_t stream) {
  if (args.rows == 0) return;
  const PoolGeometry& g = args.geometry;
  const GatherArgs a{args, LayerRows(g, args.host, 0), LayerRows(g, args.resident, 0), g.kv_heads};
  const auto blocks = static_cast<unsigned>(std::min(kGatherBlocks, args.rows * g.kv_heads));
  gather<<<blocks, 32 * kGatherWarps, 0, stream>>>(a);
  check_launch("gather");
}

void gather_pages(const GatherPages& args, cudaStream_t stream) {
  if (args.count == 0) return;
  pages<<<static_cast<unsigned>(args.count), kPageThreads, 0, stream>>>(args, args.geometry.page_bytes());
  check_launch("pages");
}

}  // namespace cuda
}  // namespace contexture
