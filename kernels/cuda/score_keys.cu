#include "cuda/retrieval_work.cuh"
#include "cuda/tensor_core.cuh"

namespace contexture {
namespace cuda {
namespace {

constexpr int kScoreWarps = 4;
constexpr int kScoreBlocks = 6;  // that a multiprocessor shall have room for, where registers suffice
constexpr int kTileKeys = 2 * kGroupKeys;  // of one matrix product
constexpr int kProductHeads = 8;
constexpr float kLog2E = 1.44269504f;
// A float of this size has whole numbers for its last bits, so that a sum which begins with them is a float already.
constexpr int32_t kWholeBits = 0x4b400000;
constexpr float kWhole = 12582912.0f;

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
template <int kDim, int kHeads>
struct RoundedQueries {
  int8_t steps[kHeads][kDim];
  float size[kHeads];      // of a step, times the scale for powers of two
  int32_t excess[kHeads];  // what the products are too large by, as keys are kept 8 too large

  __device__ void fill(const SelectDeviceRows& s, int row, int list, int32_t position) {
    const int n = s.geometry.head_dim, heads = s.geometry.query_heads / s.geometry.kv_heads;
    const int lists = s.geometry.groups * s.geometry.kv_heads, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int64_t angle = static_cast<int64_t>(position) * (n / 2);
    for (int h = warp; h < kHeads; h += kScoreWarps) {
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

// Where the keys of a chunk lie, by groups that no page's border divides. Looked up once, for all warps: a table between a
// warp and its next load would cost it twice the memory's latency.
template <int kDim>
struct ChunkPlaces {
  static constexpr int kGroups = kChunkTokens / kGroupKeys;
  const char* keys[kGroups];
  const char* scales[kGroups];

  // Groups behind the last token stand for the last one, so that any may be loaded.
  __device__ __forceinline__ void fill(const ScoreArgs& a, int row, int list, int32_t chunk_begin, int32_t end) {
    const int32_t* pages = a.s.pages + a.s.page_offsets[row];
    const char* base = static_cast<const char*>(a.s.pool) + list * a.list_bytes;
    for (int g = threadIdx.x; g < kGroups; g += 32 * kScoreWarps) {
      const int32_t p = min(chunk_begin + g * kGroupKeys, (end - 1) / kGroupKeys * kGroupKeys);
      const int32_t page = p / a.s.geometry.page_tokens, token = p - page * a.s.geometry.page_tokens;
      const char* part = base + pages[page] * a.page_bytes;
      keys[g] = part + token * (kDim / 2), scales[g] = part + a.scales_offset + token * static_cast<int>(sizeof(float));
    }
  }
};

// A lane's part of sixteen keys: four lanes share the keys 2 (lane / 4) and the next.
template <int kWords>
struct KeyTile {
  uint32_t words[2][kWords];
  float2 scales;

  __device__ __forceinline__ void load(const ChunkPlaces<32 * kWords>& places, int tile, int lane) {
    const int group = 2 * tile + lane / 16, pair = lane / 4 % 4;
    const char* key = places.keys[group] + (2 * pair * 4 + lane % 4) * (4 * kWords);
    load_words(words[0], key);
    load_words(words[1], key + 16 * kWords);
    scales = __ldg(reinterpret_cast<const float2*>(places.scales[group]) + pair);
  }
};

// kWords: of a key, for each of the four lanes that share it. The word w of a lane gives its operands of one product: the low
// halves of its bytes, then the high ones. Keys are the products' rows and heads their columns, eight to a product, so that
// few heads leave little of it empty.
template <int kWords, int kProducts>
__global__ void __launch_bounds__(32 * kScoreWarps, kWords * kProducts > 4 ? 1 : kScoreBlocks) score(const ScoreArgs a) {
  constexpr int kDim = 32 * kWords, kHeads = kProductHeads * kProducts;
  constexpr int kAhead = kWords > 4 ? 2 : 4;  // tiles whose loads are under way
  __shared__ RoundedQueries<kDim, kHeads> queries;
  __shared__ ChunkPlaces<kDim> places;
  __shared__ float2 parts[kScoreWarps][kHeads];
  const SelectDeviceRows& s = a.s;
  const int chunk = blockIdx.x, list = blockIdx.y, row = blockIdx.z;
  const int32_t position = s.positions[row];
  if (position < 0) return;
  const int32_t first = s.rules[row].middle_first(position), last = s.rules[row].middle_last(position);
  const int32_t chunk_begin = chunk * kChunkTokens, begin = max(first / kTileKeys * kTileKeys, chunk_begin),
                end = min(last, chunk_begin + kChunkTokens);
  if (begin >= end) return;

  const int heads = s.geometry.query_heads / s.geometry.kv_heads, lists = s.geometry.groups * s.geometry.kv_heads;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  places.fill(a, row, list, chunk_begin, end);
  queries.fill(s, row, list, position);
  __syncthreads();
  const int tiles = (end - chunk_begin + kTileKeys - 1) / kTileKeys;
  int tile = (begin - chunk_begin) / kTileKeys + warp;
  KeyTile<kWords> ahead[kAhead];
#pragma unroll
  for (int i = 0; i < kAhead; ++i)
    if (tile + i * kScoreWarps < tiles) ahead[i].load(places, tile + i * kScoreWarps, lane);

  uint32_t q[kProducts][kWords][2];
  float size[kProducts][2];
  int32_t from[kProducts][2];
  Softmax softmax[kProducts][2];
#pragma unroll
  for (int t = 0; t < kProducts; ++t)
#pragma unroll
    for (int i = 0; i < 2; ++i) {
#pragma unroll
      for (int w = 0; w < kWords; ++w)
        q[t][w][i] = queries.every_other(kProductHeads * t + lane / 4, 8 * (lane % 4 * kWords + w) + i);
      const int h = kProductHeads * t + 2 * (lane % 4) + i;
      size[t][i] = queries.size[h], from[t][i] = kWholeBits - queries.excess[h];
    }

  float* scores = a.w.scores + (static_cast<int64_t>(row) * lists + list) * heads * a.w.stride;
  const auto use = [&](const KeyTile<kWords>& keys, int32_t p) {
    const int32_t mine = p + lane / 4 * 2;
#pragma unroll
    for (int t = 0; t < kProducts; ++t) {
      int32_t c[4] = {from[t][0], from[t][1], from[t][0], from[t][1]};
#pragma unroll
      for (int w = 0; w < kWords; ++w) {
        const uint32_t nibbles[4] = {keys.words[0][w] & 0x0f0f0f0fu, keys.words[1][w] & 0x0f0f0f0fu,
                                     keys.words[0][w] >> 4 & 0x0f0f0f0fu, keys.words[1][w] >> 4 & 0x0f0f0f0fu};
        multiply_add(c, nibbles, q[t][w][0], q[t][w][1]);
      }
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const int h = kProductHeads * t + 2 * (lane % 4) + i;
        if (h >= heads) continue;
        float2 pair = make_float2((__int_as_float(c[i]) - kWhole) * size[t][i] * keys.scales.x,
                                  (__int_as_float(c[2 + i]) - kWhole) * size[t][i] * keys.scales.y);
        *reinterpret_cast<float2*>(scores + h * a.w.stride + mine) = pair;
        if (p < first || p + kTileKeys > last) {  // the first and the last tile
          if (mine < first || mine >= last) pair.x = -INFINITY;
          if (mine + 1 < first || mine + 1 >= last) pair.y = -INFINITY;
        }
        softmax[t][i].add_two(pair.x, pair.y);
      }
    }
  };
  while (tile < tiles) {
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      if (tile < tiles) use(ahead[i], chunk_begin + tile * kTileKeys);
      if (tile + kAhead * kScoreWarps < tiles) ahead[i].load(places, tile + kAhead * kScoreWarps, lane);
      tile += kScoreWarps;
    }
  }
#pragma unroll
  for (int t = 0; t < kProducts; ++t)
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      for (int m = 4; m < 32; m *= 2) {
        const float top = __shfl_xor_sync(~0u, softmax[t][i].top, m), sum = __shfl_xor_sync(~0u, softmax[t][i].sum, m);
        softmax[t][i].add(top, sum);
      }
      if (lane < 4) parts[warp][kProductHeads * t + 2 * lane + i] = make_float2(softmax[t][i].top, softmax[t][i].sum);
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
  if (a.s.geometry.heads_per_list() <= kProductHeads) score<kWords, 1><<<grid, 32 * kScoreWarps, 0, stream>>>(a);
  else score<kWords, 2><<<grid, 32 * kScoreWarps, 0, stream>>>(a);
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
