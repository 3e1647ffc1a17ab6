#include "cuda/decode_attention.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "cuda/layer_rows.h"
#include "cuda/row_softmax.cuh"
#include "cuda/tensor_core.cuh"

namespace contexture {
namespace cuda {
namespace {

constexpr int kWarps = 4;
constexpr int kTile = kSoftmaxTile;  // keys that a warp works on at once
constexpr int kRows = 16;            // query heads of a matrix product
constexpr int kMostSplits = 64;
constexpr int kBlocksAtOnce = 2;         // on a multiprocessor, of head_dim 128
constexpr double kWorthMoreParts = 0.9;  // of the time; parts are to be joined
constexpr float kLog2E = 1.44269504f;

template <int kDim>
struct Shared {
  static constexpr int kStages = kDim > 128 ? 2 : 3;
  static constexpr int kPitch = softmax_pitch(kDim);
  static constexpr int kStageBytes = 2 * kTile * kPitch;  // keys, then values
  static constexpr int kWarpBytes = kStages * kStageBytes;
  static constexpr int kWarpFloats = 2 * kRows + kRows * kDim;  // maxima, sums, weighted values
  static constexpr int kBytes = kWarps * (kWarpBytes > 4 * kWarpFloats ? kWarpBytes : 4 * kWarpFloats);
};

struct Args {
  LayerRows rows;
  int32_t kv_heads, group, layer_group, splits;
  float scale;  // for powers of two
  DecodeTables tables;
  DeviceSelection selection;
  const void* q;
  void* out;
  float* partial;
};

// What one block of threads attends to.
struct Part {
  const int32_t* slots;  // of a list; null: the pages
  const int32_t* pages;
  int32_t begin, end;
};

__device__ Part part_of(const Args& a, int32_t seq, int32_t kv_head, int32_t split) {
  Part part{nullptr, a.tables.pages + a.tables.page_offsets[seq], 0, 0};
  int32_t count = a.tables.lengths[seq];
  const DeviceSelection& s = a.selection;
  if (s.row_of_sequence != nullptr && count > 0 && s.row_of_sequence[seq] >= 0) {
    const int64_t group = static_cast<int64_t>(s.row_of_sequence[seq]) * s.groups + a.layer_group;
    const int64_t list = group * s.kv_heads + (s.kv_heads == 1 ? 0 : kv_head);
    count = s.counts[list];
    part.slots = s.slots + list * s.stride;
  }
  const int32_t tiles = (count + kTile - 1) / kTile, per_split = (tiles + a.splits - 1) / a.splits;
  part.begin = min(count, split * per_split * kTile);
  part.end = min(count, part.begin + per_split * kTile);
  return part;
}

// Where the key row of a lane's index lies, from the head's first row on; below 0 behind the end.
__device__ __forceinline__ int64_t row_of(const Args& a, const Part& part, int32_t index) {
  if (index >= part.end) return -1;
  const int32_t page_tokens = 1 << a.rows.page_shift;
  int32_t page, token;
  if (part.slots != nullptr) {
    const int32_t slot = part.slots[index];
    page = slot >> a.rows.page_shift, token = slot & (page_tokens - 1);
  } else {
    page = part.pages[index >> a.rows.page_shift], token = index & (page_tokens - 1);
  }
  return page * a.rows.page_bytes + token * a.rows.row_stride;
}

template <int kDim>
__device__ __forceinline__ void copy_tile(const Args& a, const char* head, int64_t row, char* stage, int lane) {
  constexpr int kChunks = kDim / 8;  // of a row, 16 bytes each
#pragma unroll
  for (int c = lane; c < kTile * kChunks; c += 32) {
    const int key = c / kChunks, chunk = c % kChunks;
    const int64_t from = __shfl_sync(~0u, row, key);
    const char* source = head + max(from, int64_t{0}) + 16 * chunk;
    char* target = stage + key * Shared<kDim>::kPitch + 16 * chunk;
    copy_16_async(target, source, from >= 0);
    copy_16_async(target + kTile * Shared<kDim>::kPitch, source + a.rows.value_offset, from >= 0);
  }
}

// What a warp has seen, to its place: maxima, sums, then the values by rows.
template <class T, int kDim>
__device__ __forceinline__ void leave(const RowSoftmax<T, kDim>& heads, float* place, int group, int lane) {
  const float sums[2] = {quad_sum(heads.sum[0]), quad_sum(heads.sum[1])};
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = lane / 4 + 8 * half;
    if (row >= group) continue;
    if (lane % 4 == 0) place[row] = heads.top[half], place[kRows + row] = sums[half];
    float* values = place + 2 * kRows + row * kDim + 2 * (lane % 4);
#pragma unroll
    for (int d = 0; d < kDim / 8; ++d)
      *reinterpret_cast<float2*>(values + 8 * d) = make_float2(heads.out[d][2 * half], heads.out[d][2 * half + 1]);
  }
}

template <class T, int kDim>
__device__ void load_queries(const Args& a, int32_t seq, int32_t kv_head, int lane, uint32_t (&q)[kDim / 16][4]) {
  const T* first = static_cast<const T*>(a.q) + (static_cast<int64_t>(seq) * a.kv_heads + kv_head) * a.group * kDim;
#pragma unroll
  for (int k = 0; k < kDim / 16; ++k)
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + i % 2 * 8, column = 16 * k + 2 * (lane % 4) + i / 2 * 8;
      q[k][i] = row < a.group ? *reinterpret_cast<const uint32_t*>(first + row * kDim + column) : 0;
    }
}

template <class T, int kDim>
__global__ void __launch_bounds__(32 * kWarps) decode_part(const Args a) {
  using S = Shared<kDim>;
  extern __shared__ __align__(16) char shared[];
  const int split = blockIdx.x, kv_head = blockIdx.y, seq = blockIdx.z;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  if (a.tables.lengths[seq] < 0) return;  // a row of another kernel
  const Part part = part_of(a, seq, kv_head, split);
  const char* head = a.rows.keys + kv_head * a.rows.head_bytes;
  char* stages = shared + warp * S::kWarpBytes;

  uint32_t q[kDim / 16][4];
  load_queries<T, kDim>(a, seq, kv_head, lane, q);
  RowSoftmax<T, kDim> heads;
  const int32_t first = part.begin + warp * kTile, step = kWarps * kTile;
  int64_t row = row_of(a, part, first + lane % kTile);
  int32_t asked = first;  // the tile whose rows lie in `row`
  const auto ask = [&](int stage) {
    if (asked < part.end) {
      copy_tile<kDim>(a, head, row, stages + stage * S::kStageBytes, lane);
      asked += step;
      row = row_of(a, part, asked + lane % kTile);
    }
    commit_copies();
  };
#pragma unroll
  for (int stage = 0; stage < S::kStages - 1; ++stage) ask(stage);
  int stage = 0;
  for (int32_t tile = first; tile < part.end; tile += step) {
    await_copies<S::kStages - 2>();
    __syncwarp();  // the copies of all lanes are there, and the stage before was read by all
    ask(stage == 0 ? S::kStages - 1 : stage - 1);
    const char* keys = stages + stage * S::kStageBytes;
    const int32_t valid = part.end - tile;
    heads.add(q, keys, keys + kTile * S::kPitch, a.scale, lane, [valid](int column, int) { return column < valid; });
    stage = stage + 1 == S::kStages ? 0 : stage + 1;
  }
  await_copies<0>();
  __syncthreads();
  auto* places = reinterpret_cast<float*>(shared);
  leave<T, kDim>(heads, places + warp * S::kWarpFloats, a.group, lane);
  __syncthreads();

  const int64_t first_head = (static_cast<int64_t>(seq) * a.kv_heads + kv_head) * a.group;
  for (int i = threadIdx.x; i < a.group * kDim; i += 32 * kWarps) {
    const int h = i / kDim, d = i % kDim;
    float top = -INFINITY, sum = 0, value = 0;
#pragma unroll
    for (int w = 0; w < kWarps; ++w) top = fmaxf(top, places[w * S::kWarpFloats + h]);
#pragma unroll
    for (int w = 0; w < kWarps; ++w) {
      const float* place = places + w * S::kWarpFloats;
      const float factor = place[h] == -INFINITY ? 0.0f : exp2f(place[h] - top);
      sum += factor * place[kRows + h];
      value += factor * place[2 * kRows + h * kDim + d];
    }
    if (a.splits == 1) {
      static_cast<T*>(a.out)[first_head * kDim + i] = from_float<T>(sum > 0 ? value / sum : 0.0f);
    } else {
      float* place = a.partial + ((first_head + h) * a.splits + split) * (kDim + 2);
      place[2 + d] = value;
      if (d == 0) place[0] = top, place[1] = sum;
    }
  }
}

// One block per query head, one thread per value.
template <class T, int kDim>
__global__ void join_parts(const float* partial, const int32_t* lengths, int32_t num_heads, int32_t splits, void* out) {
  const int64_t head = blockIdx.x;
  if (lengths[head / num_heads] < 0) return;
  const int d = threadIdx.x;
  const float* places = partial + head * splits * (kDim + 2);
  float top = -INFINITY, sum = 0, value = 0;
  for (int s = 0; s < splits; ++s) top = fmaxf(top, places[s * (kDim + 2)]);
  for (int s = 0; s < splits; ++s) {
    const float* place = places + s * (kDim + 2);
    const float factor = place[0] == -INFINITY ? 0.0f : exp2f(place[0] - top);
    sum += factor * place[1];
    value += factor * place[2 + d];
  }
  static_cast<T*>(out)[head * kDim + d] = from_float<T>(sum > 0 ? value / sum : 0.0f);
}

template <class T, int kDim>
void launch(const DecodeAttention& d, const Args& a, cudaStream_t stream) {
  static const cudaError_t room =
      cudaFuncSetAttribute(decode_part<T, kDim>, cudaFuncAttributeMaxDynamicSharedMemorySize, Shared<kDim>::kBytes);
  check(room, "decode attention's shared memory");
  const dim3 grid(static_cast<unsigned>(a.splits), static_cast<unsigned>(a.kv_heads),
                  static_cast<unsigned>(d.tables.sequences));
  decode_part<T, kDim><<<grid, 32 * kWarps, Shared<kDim>::kBytes, stream>>>(a);
  check_launch("decode_part");
  if (a.splits == 1) return;
  join_parts<T, kDim><<<static_cast<unsigned>(d.tables.sequences * d.num_heads), kDim, 0, stream>>>(
      a.partial, a.tables.lengths, d.num_heads, a.splits, a.out);
  check_launch("join_parts");
}

template <class T>
void launch(const DecodeAttention& d, const Args& a, cudaStream_t stream) {
  with_head_dim(d.geometry.head_dim, [&](auto dim) { launch<T, dim()>(d, a, stream); });
}

}  // namespace

int32_t decode_splits(int32_t sequences, int32_t kv_heads, int32_t tokens, int32_t multiprocessors) {
  const int32_t blocks = std::max(1, sequences * kv_heads);
  const int32_t at_once = kBlocksAtOnce * multiprocessors, few = std::max(1, at_once / blocks);
  const int32_t worth = std::max(1, tokens / (2 * kWarps * kTile));  // two tiles for each warp
  // Of a list, what all blocks take that run one behind another: a few more parts may fill up the device.
  const auto longest = [&](int32_t splits) { return static_cast<double>((blocks * splits + at_once - 1) / at_once) / splits; };
  int32_t best = few;
  for (int32_t splits = few + 1; splits <= std::min(few + 2, worth); ++splits)
    if (longest(splits) < kWorthMoreParts * longest(best)) best = splits;
  return std::min({best, worth, kMostSplits});
}

size_t partial_floats(int32_t sequences, int32_t num_heads, int32_t splits, int32_t head_dim) {
  return splits == 1 ? 0 : static_cast<size_t>(sequences) * num_heads * splits * (head_dim + 2);
}

void decode_attention(const DecodeAttention& d, cudaStream_t stream) {
  const PoolGeometry& g = d.geometry;
  if (d.num_heads % g.kv_heads != 0 || d.num_heads / g.kv_heads > kMostHeadsPerKvHead)
    throw std::invalid_argument("num_heads is " + std::to_string(d.num_heads) + "; it must be 1 to " +
                                std::to_string(kMostHeadsPerKvHead) + " times the " + std::to_string(g.kv_heads) +
                                " KV heads");
  if (d.splits < 1 || d.splits > kMostSplits)
    throw std::invalid_argument("splits is " + std::to_string(d.splits) + "; it must be 1 to " +
                                std::to_string(kMostSplits));
  Args a{LayerRows(g, d.pool, d.layer)};
  a.kv_heads = g.kv_heads, a.group = d.num_heads / g.kv_heads, a.layer_group = d.layer_group, a.splits = d.splits;
  a.scale = d.scale * kLog2E;
  a.tables = d.tables, a.selection = d.selection, a.q = d.q, a.out = d.out, a.partial = d.partial;
  if (d.tables.sequences == 0) return;
  if (d.element == Element::kF16) launch<__half>(d, a, stream);
  else launch<__nv_bfloat16>(d, a, stream);
}

}  // namespace cuda
}  // namespace contexture
