#include "cuda/sample_rows.h"

#include <cmath>

#include "capi/checks.h"
#include "cuda/device.h"

namespace contexture {
namespace cuda {
namespace {

constexpr int kThreads = 1024, kWarps = kThreads / 32;
// A key's digits, highest first: 11, 11 and 10 bits.
constexpr int kLevels = 3;
constexpr int shift_of(int level) { return level == 0 ? 21 : level == 1 ? 10 : 0; }
constexpr int digits_of(int level) { return level < 2 ? 2048 : 1024; }
constexpr int kWeightDigits = 512;  // first digits of weights, which are at most 1
constexpr int kMostTop = CTX_MOST_TOP_LOGPROBS;

// How many entries have a digit, and the sum of their masses in two halves: shared memory adds 32 bits at once.
template <int kCount>
struct Bins {
  uint32_t counts[kCount], low[kCount], high[kCount];

  __device__ void clear() {
    for (int i = threadIdx.x; i < kCount; i += kThreads) counts[i] = low[i] = high[i] = 0;
  }
  __device__ void add(uint32_t digit, uint64_t mass) {
    atomicAdd(&counts[digit], 1u);
    const auto part = static_cast<uint32_t>(mass);
    if (part != 0) {
      const uint32_t before = atomicAdd(&low[digit], part);
      mass += static_cast<uint64_t>(before + part < before) << 32;
    }
    const auto rest = static_cast<uint32_t>(mass >> 32);
    if (rest != 0) atomicAdd(&high[digit], rest);
  }
};

struct BinView {
  const uint32_t *counts, *low, *high;
  int digits;

  __device__ uint64_t mass(int digit) const { return static_cast<uint64_t>(high[digit]) << 32 | low[digit]; }
};

template <int kCount>
__device__ BinView view(const Bins<kCount>& bins, int digits) {
  return {bins.counts, bins.low, bins.high, digits};
}

// Where a sum over entries in falling order of their keys reaches its goal: at the key; count and mass are those of the keys
// above.
struct Border {
  uint32_t key = 0;
  uint64_t count = 0, mass = 0;
};

struct Memory {
  Bins<kWeightDigits> first;
  Bins<2048> bins;
  uint64_t segments[kThreads];
  uint64_t sums[kWarps];
  double numbers[kWarps];
  Border border;
  uint64_t rest;
  int32_t digit, segment, id;
  uint32_t top_count;
  uint64_t tops[kMostTop];
};

// Ascends as floats do.
__device__ __forceinline__ uint32_t ascending(float x) {
  const uint32_t bits = __float_as_uint(x + 0.0f);  // no negative zero
  return bits ^ (bits >> 31 != 0 ? 0xffffffffu : 0x80000000u);
}
__device__ __forceinline__ float of_ascending(uint32_t key) {
  return __uint_as_float(key ^ (key >> 31 != 0 ? 0x80000000u : 0xffffffffu));
}
// Grows with the value, then from high ids to low ones.
__device__ __forceinline__ uint64_t value_then_id(float x, int32_t id) {
  return static_cast<uint64_t>(ascending(x)) << 32 | ~static_cast<uint32_t>(id);
}
__device__ __forceinline__ int32_t id_of(uint64_t key) { return static_cast<int32_t>(~static_cast<uint32_t>(key)); }

__device__ __forceinline__ uint64_t sum_up_to(uint64_t mine, int lane) {
#pragma unroll
  for (int m = 1; m < 32; m *= 2) {
    const uint64_t other = __shfl_up_sync(~0u, mine, m);
    if (lane >= m) mine += other;
  }
  return mine;
}

// What the threads before this one have, and what all have.
__device__ uint64_t sum_before(uint64_t mine, Memory& m, uint64_t& all) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const uint64_t upto = sum_up_to(mine, lane);
  if (lane == 31) m.sums[warp] = upto;
  __syncthreads();
  uint64_t before = upto - mine;
  all = 0;
  for (int w = 0; w < kWarps; ++w) {
    if (w < warp) before += m.sums[w];
    all += m.sums[w];
  }
  __syncthreads();
  return before;
}

__device__ uint64_t block_largest(uint64_t mine, Memory& m) {
  for (int step = 16; step > 0; step /= 2) {
    const uint64_t other = __shfl_xor_sync(~0u, mine, step);
    mine = other > mine ? other : mine;
  }
  if (threadIdx.x % 32 == 0) m.sums[threadIdx.x / 32] = mine;
  __syncthreads();
  for (int w = 0; w < kWarps; ++w) mine = m.sums[w] > mine ? m.sums[w] : mine;
  __syncthreads();
  return mine;
}

// Always in the same order.
__device__ double block_sum(double mine, Memory& m) {
  for (int step = 16; step > 0; step /= 2) mine += __shfl_xor_sync(~0u, mine, step);
  if (threadIdx.x % 32 == 0) m.numbers[threadIdx.x / 32] = mine;
  __syncthreads();
  double sum = 0;
  for (int w = 0; w < kWarps; ++w) sum += m.numbers[w];
  __syncthreads();
  return sum;
}

// The first id up to which the masses reach the goal, which is at least 1 and at most their sum.
template <class Mass>
__device__ int32_t reach(const Mass& mass, int32_t tokens, uint64_t goal, Memory& m) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int32_t each = ((tokens + kThreads - 1) / kThreads + 31) / 32 * 32;  // tokens of a segment
  for (int32_t s = warp; s < kThreads; s += kWarps) {
    uint64_t sum = 0;
    const int32_t end = min(tokens, (s + 1) * each);
    for (int32_t i = s * each + lane; i < end; i += 32) sum += mass(i);
    sum = sum_up_to(sum, lane);
    if (lane == 31) m.segments[s] = sum;
  }
  __syncthreads();
  uint64_t all;
  const uint64_t mine = m.segments[threadIdx.x], before = sum_before(mine, m, all);
  if (before < goal && goal <= before + mine) m.segment = static_cast<int32_t>(threadIdx.x), m.rest = goal - before;
  __syncthreads();
  if (warp == 0) {
    uint64_t rest = m.rest;
    for (int32_t begin = m.segment * each; begin < tokens; begin += 32) {
      const uint64_t upto = sum_up_to(begin + lane < tokens ? mass(begin + lane) : 0, lane);
      const uint32_t reached = __ballot_sync(~0u, upto >= rest);
      if (reached != 0) {
        if (lane == 0) m.id = begin + __ffs(static_cast<int>(reached)) - 1;
        break;
      }
      rest -= __shfl_sync(~0u, upto, 31);
    }
  }
  __syncthreads();
  const int32_t id = m.id;
  __syncthreads();
  return id;
}

enum class Measure { kCount, kMass };

// Goes on with the border by the digit in which the goal is reached.
__device__ void descend(const BinView& bins, int level, Measure measure, uint64_t goal, Border& border, Memory& m) {
  const int each = (bins.digits + kThreads - 1) / kThreads;
  const int highest = bins.digits - 1 - static_cast<int>(threadIdx.x) * each;  // thread 0 has the highest
  Border mine, before;
  for (int i = 0; i < each && highest - i >= 0; ++i)
    mine.count += bins.counts[highest - i], mine.mass += bins.mass(highest - i);
  uint64_t all;
  before.count = border.count + sum_before(mine.count, m, all);
  before.mass = border.mass + sum_before(mine.mass, m, all);
  const bool by_mass = measure == Measure::kMass;
  const uint64_t here = by_mass ? before.mass : before.count;
  if (here < goal && goal <= here + (by_mass ? mine.mass : mine.count))
    for (int digit = highest;; --digit) {
      const uint64_t count = before.count + bins.counts[digit], mass = before.mass + bins.mass(digit);
      if (goal <= (by_mass ? mass : count)) {
        m.border = before;
        m.border.key = border.key | static_cast<uint32_t>(digit) << shift_of(level);
        break;
      }
      before.count = count, before.mass = mass;
    }
  __syncthreads();
  border = m.border;
  __syncthreads();
}

// entry(i, key, mass) says whether there is an entry of that id. `first`: bins of the first digit, where they are there
// already.
template <class Entry>
__device__ Border find_border(const Entry& entry, int32_t tokens, Measure measure, uint64_t goal, const BinView* first,
                              Memory& m) {
  Border border;
  for (int level = 0; level < kLevels; ++level) {
    if (level == 0 && first != nullptr) {
      descend(*first, level, measure, goal, border, m);
      continue;
    }
    m.bins.clear();
    __syncthreads();
    for (int32_t i = threadIdx.x; i < tokens; i += kThreads) {
      uint32_t key;
      uint64_t mass;
      if (entry(i, key, mass) && (level == 0 || key >> shift_of(level - 1) == border.key >> shift_of(level - 1)))
        m.bins.add(key >> shift_of(level) & static_cast<uint32_t>(digits_of(level) - 1), mass);
    }
    __syncthreads();
    descend(view(m.bins, digits_of(level)), level, measure, goal, border, m);
  }
  return border;
}

struct Row {
  const ctx_sample_row& how;
  const float* logits;
  float* weights;  // first the changed logits
  int32_t tokens;
};

// Writes log-probabilities of the likeliest tokens; gives what is subtracted from logits.
__device__ float tell_logprobs(const Row& row, float most, ctx_drawn_token& drawn, Memory& m) {
  double sum = 0;
  for (int32_t i = threadIdx.x; i < row.tokens; i += kThreads) sum += exp(static_cast<double>(row.logits[i] - most));
  const auto normaliser = static_cast<float>(most + log(block_sum(sum, m)));
  const int32_t count = min(row.how.top_logprobs, row.tokens);
  if (count == 0) return normaliser;
  const auto entry = [&](int32_t i, uint32_t& key, uint64_t& mass) {
    key = ascending(row.logits[i]), mass = 0;
    return true;
  };
  const Border border = find_border(entry, row.tokens, Measure::kCount, static_cast<uint64_t>(count), nullptr, m);
  const int32_t last_equal = reach([&](int32_t i) { return static_cast<uint64_t>(ascending(row.logits[i]) == border.key); },
                                   row.tokens, static_cast<uint64_t>(count) - border.count, m);
  if (threadIdx.x == 0) m.top_count = 0;
  __syncthreads();
  for (int32_t i = threadIdx.x; i < row.tokens; i += kThreads) {
    const uint32_t key = ascending(row.logits[i]);
    if (key > border.key || (key == border.key && i <= last_equal))
      m.tops[atomicAdd(&m.top_count, 1u)] = value_then_id(row.logits[i], i);
  }
  __syncthreads();
  if (threadIdx.x < count) {
    const uint64_t mine = m.tops[threadIdx.x];
    int32_t rank = 0;
    for (int32_t i = 0; i < count; ++i) rank += m.tops[i] > mine;
    drawn.top_tokens[rank] = id_of(mine);
    drawn.top_logprobs[rank] = of_ascending(static_cast<uint32_t>(mine >> 32)) - normaliser;
  }
  return normaliser;
}

// Each rounded by itself, as on the host: nothing may become a fused multiply-add.
__device__ __forceinline__ float changed(float x, const ctx_logit_change& change, float repetition) {
  if (change.repeated != 0) x = x > 0 ? __fdiv_rn(x, repetition) : __fmul_rn(x, repetition);
  return __fadd_rn(__fsub_rn(x, change.penalty), change.bias);
}

// The smallest whole number of at least 1 that is greater than, or not less than, a share of the mass.
__device__ __forceinline__ uint64_t above_share(double share, uint64_t mass) {
  const auto below = static_cast<uint64_t>(share * static_cast<double>(mass));
  return min(below, mass - 1) + 1;
}
__device__ __forceinline__ uint64_t at_least_share(double share, uint64_t mass) {
  const auto reached = static_cast<uint64_t>(ceil(share * static_cast<double>(mass)));
  return max(uint64_t{1}, min(reached, mass));
}

// By the weights relative to the most likely token.
__device__ int32_t draw(const Row& row, float most, Memory& m) {
  const ctx_sample_row& how = row.how;
  int bits = 0;  // of the number of tokens
  while (bits < 31 && row.tokens > 1 << bits) ++bits;
  const float scale = __uint_as_float(static_cast<uint32_t>(127 + 62 - bits) << 23);  // sums stay below 2^63
  const auto mass_of = [&](float weight) { return static_cast<uint64_t>(__float2ull_rn(weight * scale)); };
  const bool unfiltered = how.top_k == 0 && how.top_p == 1.0f;
  m.first.clear();
  __syncthreads();
  uint64_t mine = 0, massive = 0;
  for (int32_t i = threadIdx.x; i < row.tokens; i += kThreads) {
    const float exponent = __fmul_rn(__fsub_rn(row.weights[i], most), how.inverse_temperature);
    const float weight = exponent < how.floor ? 0.0f : static_cast<float>(exp(static_cast<double>(exponent)));
    row.weights[i] = weight;
    const uint64_t mass = mass_of(weight);
    mine += mass, massive += mass > 0;
    if (!unfiltered && mass > 0) m.first.add(__float_as_uint(weight) >> shift_of(0), mass);
  }
  __syncthreads();
  uint64_t mass, count;
  sum_before(mine, m, mass);
  sum_before(massive, m, count);
  if (unfiltered)
    return reach([&](int32_t i) { return mass_of(row.weights[i]); }, row.tokens, above_share(how.uniform, mass), m);

  const auto entry = [&](int32_t i, uint32_t& key, uint64_t& mass) {
    key = __float_as_uint(row.weights[i]), mass = mass_of(row.weights[i]);
    return mass > 0;
  };
  const BinView first = view(m.first, kWeightDigits);
  const auto border_of = [&](Measure measure, uint64_t goal) {
    return find_border(entry, row.tokens, measure, goal, &first, m);
  };
  // How many of the weights that equal the border it takes.
  const auto equals = [&](const Border& border, uint64_t goal, uint64_t each) {
    return (goal - border.mass - 1) / each + 1;
  };
  const auto top_k = static_cast<uint64_t>(how.top_k);
  if (top_k > 0 && top_k < count) {
    const Border border = border_of(Measure::kCount, top_k);
    mass = border.mass + (top_k - border.count) * mass_of(__uint_as_float(border.key));
  }
  if (how.top_p < 1.0f) {
    const uint64_t goal = at_least_share(how.top_p, mass);
    const Border border = border_of(Measure::kMass, goal);
    const uint64_t each = mass_of(__uint_as_float(border.key));
    mass = border.mass + equals(border, goal, each) * each;
  }
  const uint64_t goal = above_share(how.uniform, mass);
  const Border border = border_of(Measure::kMass, goal);
  const uint64_t nth = equals(border, goal, mass_of(__uint_as_float(border.key)));
  return reach([&](int32_t i) { return static_cast<uint64_t>(__float_as_uint(row.weights[i]) == border.key); }, row.tokens,
               nth, m);
}

// One block per row.
__global__ void __launch_bounds__(kThreads) sample(const SampleRows a) {
  __shared__ Memory m;
  const ctx_sample_row& how = a.rows[blockIdx.x];
  const Row row{how, a.logits + how.wanted * a.vocabulary, a.weights + static_cast<int64_t>(blockIdx.x) * a.tokens,
                a.tokens};
  ctx_drawn_token& drawn = a.drawn[blockIdx.x];
  const int32_t begin = blockIdx.x == 0 ? 0 : a.rows[blockIdx.x - 1].changes_end, end = how.changes_end;
  const uint64_t* mask = how.mask < 0 ? nullptr : a.masks + how.mask * words_of_mask(a.tokens);
  const bool draws = how.inverse_temperature > 0, changes = end > begin || mask != nullptr, copies = draws || changes;
  uint64_t best = 0;
  bool numbers = true;
  for (int32_t i = threadIdx.x; i < a.tokens; i += kThreads) {
    const float x = row.logits[i];
    if (copies) row.weights[i] = x;
    best = max(best, value_then_id(x, i));
    numbers = numbers && !isnan(x);
  }
  best = block_largest(best, m);
  if (block_largest(!numbers, m) != 0) {
    if (threadIdx.x == 0) drawn.token = kNotNumbers;
    return;
  }
  const float normaliser =
      how.top_logprobs < 0 ? NAN : tell_logprobs(row, of_ascending(static_cast<uint32_t>(best >> 32)), drawn, m);
  if (changes) {
    for (int32_t c = begin + static_cast<int32_t>(threadIdx.x); c < end; c += kThreads) {
      float& x = row.weights[a.changes[c].token];
      x = changed(x, a.changes[c], how.repetition);
    }
    __syncthreads();
    best = 0;  // less than any token's: the largest is one that the mask has, even where all of them are impossible
    for (int32_t i = threadIdx.x; i < a.tokens; i += kThreads) {
      if (mask == nullptr || (mask[i / 64] >> i % 64 & 1) != 0) best = max(best, value_then_id(row.weights[i], i));
      else row.weights[i] = -INFINITY;
    }
    best = block_largest(best, m);
  }
  const float most = of_ascending(static_cast<uint32_t>(best >> 32));
  const int32_t token = draws && !isinf(most) ? draw(row, most, m) : id_of(best);
  if (threadIdx.x == 0) drawn.token = token, drawn.logprob = row.logits[token] - normaliser;
}

}  // namespace

void check_sample_rows(int32_t tokens, int64_t vocabulary, int32_t wanted, const DrawOrder& order) {
  const auto [rows, count, changes, change_count, masks, mask_count] = order;
  check_count("tokens", tokens, vocabulary);
  if (count < 0 || change_count < 0 || mask_count < 0) throw InvalidArgument("a count is negative");
  if ((count > 0 && rows == nullptr) || (change_count > 0 && changes == nullptr) || (mask_count > 0 && masks == nullptr))
    throw InvalidArgument("there are rows, changes or masks, but they are null");
  int32_t begin = 0;
  for (int32_t i = 0; i < count; ++i) {
    const ctx_sample_row& row = rows[i];
    const auto require = [&](bool sound, const char* what) {
      if (!sound) throw InvalidArgument(Label("row ", i, ": ") + what);
    };
    check_index({"row ", i, ": wanted"}, row.wanted, wanted);
    require(row.changes_end >= begin && row.changes_end <= change_count,
            "changes_end does not ascend to the changes' count");
    require(row.uniform >= 0 && row.uniform < 1, "uniform must be in [0, 1)");
    require(row.inverse_temperature >= 0 && std::isfinite(row.inverse_temperature), "inverse_temperature must be 0 or more");
    require(row.floor <= 0, "floor must not be positive");
    require(row.top_p > 0 && row.top_p <= 1, "top_p must be in (0, 1]");
    require(row.repetition > 0 && std::isfinite(row.repetition), "repetition must be positive");
    require(row.top_k >= 0, "top_k must not be negative");
    require(row.top_logprobs >= -1 && row.top_logprobs <= kMostTop, "top_logprobs must be in -1..20");
    require(row.mask >= -1 && row.mask < mask_count, "there is no such mask");
    begin = row.changes_end;
  }
  for (int32_t c = 0; c < change_count; ++c) {
    check_index({"change ", c, ": token"}, changes[c].token, tokens);
    if (!std::isfinite(changes[c].penalty) || !(changes[c].bias < INFINITY))
      throw InvalidArgument(Label("change ", c) + ": penalty must be finite, and bias a number below infinity");
  }
  const int64_t words = words_of_mask(tokens);
  const uint64_t last = tokens % 64 == 0 ? ~uint64_t{0} : (uint64_t{1} << tokens % 64) - 1;
  for (int32_t i = 0; i < mask_count; ++i) {
    const uint64_t* mask = masks + i * words;
    bool any = false;
    for (int64_t w = 0; w < words; ++w) any = any || (mask[w] & (w == words - 1 ? last : ~uint64_t{0})) != 0;
    if (!any) throw InvalidArgument(Label("mask ", i) + " has no token");
  }
}

void sample_rows(const SampleRows& args, cudaStream_t stream) {
  if (args.count == 0) return;
  sample<<<static_cast<unsigned>(args.count), kThreads, 0, stream>>>(args);
  check_launch("sample_rows");
}

}  // namespace cuda
}  // namespace contexture
