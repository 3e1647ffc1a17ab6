// Times one layer's attention, over 30 layers so that no cache holds the pool, and prints each shape's share of what
// this machine reaches in plain reads (decode) or in chains of fused multiply-adds (prefill).
//
// usage: contexture_bench [threads [repeats]]
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "bench/support.h"
#include "capi/descriptor_pool.h"
#include "capi/kv_pool.h"
#include "contexture/elementwise.h"
#include "contexture/paged_attention.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace contexture {
namespace {

constexpr int kPeakRepeats = 25;  // a peak measured too low would flatter every share
constexpr int32_t kLayers = 30, kHeads = 9, kKvHeads = 3, kHeadDim = 64, kPageTokens = 32;

template <class Fn>
void on_each_thread(const SpinningThreads& threads, const Fn& fn) {
  threads.run(static_cast<size_t>(threads.threads()),
              [](void* context, size_t i) { (*static_cast<const Fn*>(context))(i); }, const_cast<Fn*>(&fn));
}

// Gigabytes per second of plain reads.
double read_bandwidth(const SpinningThreads& threads) {
  constexpr size_t kWords = 16 << 20;  // 128 MiB per thread
  std::vector<std::vector<uint64_t>> data(static_cast<size_t>(threads.threads()), std::vector<uint64_t>(kWords, 1));
  std::atomic<uint64_t> sink{0};
  const double seconds = best_seconds(kPeakRepeats, [&] {
    on_each_thread(threads, [&](size_t t) {
      uint64_t sums[8] = {};
      for (size_t i = 0; i < kWords; i += 8)
        for (size_t j = 0; j < 8; ++j) sums[j] += data[t][i + j];
      for (const uint64_t sum : sums) sink += sum;
    });
  });
  return threads.threads() * kWords * 8 / seconds * 1e-9;
}

#if defined(__x86_64__)
__attribute__((target("avx512f"))) float chains512(int64_t rounds) {
  __m512 acc[12], x = _mm512_set1_ps(0.999f);
  for (__m512& a : acc) a = x;
  for (int64_t i = 0; i < rounds; ++i)
    for (__m512& a : acc) a = _mm512_fmadd_ps(a, x, x);
  float sum = 0;
  for (const __m512& a : acc) sum += _mm512_reduce_add_ps(a);
  return sum;
}
__attribute__((target("avx2,fma"))) float chains256(int64_t rounds) {
  __m256 acc[12], x = _mm256_set1_ps(0.999f);
  for (__m256& a : acc) a = x;
  for (int64_t i = 0; i < rounds; ++i)
    for (__m256& a : acc) a = _mm256_fmadd_ps(a, x, x);
  float sum = 0;
  for (const __m256& a : acc) sum += _mm256_cvtss_f32(a);
  return sum;
}
#endif

// GFLOP/s of independent multiply-adds, or 0 where no variant fits.
double multiply_add_peak(const SpinningThreads& threads) {
#if defined(__x86_64__)
  if (active_isa() != Isa::kPortable) {
    constexpr int64_t kRounds = 4'000'000;
    const bool wide = active_isa() == Isa::kAvx512;
    std::atomic<int> sink{0};
    const double seconds = best_seconds(kPeakRepeats, [&] {
      on_each_thread(threads, [&](size_t) { sink += static_cast<int>(wide ? chains512(kRounds) : chains256(kRounds)); });
    });
    return threads.threads() * kRounds * 12.0 * 2 * (wide ? 16 : 8) / seconds * 1e-9;
  }
#endif
  (void)threads;
  return 0;
}

struct Peaks {
  double bandwidth, arithmetic;
};

void time_attention(int32_t seqs, int32_t context, int32_t rows, KvDtype dtype, const SpinningThreads& threads,
                    const Peaks& peaks, int repeats) {
  const int32_t pages_per_seq = (context + rows + kPageTokens - 1) / kPageTokens;
  PoolGeometry geometry;
  geometry.layers = kLayers, geometry.kv_heads = kKvHeads, geometry.head_dim = kHeadDim;
  geometry.page_tokens = kPageTokens, geometry.pages = pages_per_seq * seqs, geometry.dtype = dtype;
  KvPool pool(geometry);
  std::memset(pool.data(), 0x2b, static_cast<size_t>(geometry.pool_bytes()));

  const std::vector<int32_t> query(seqs, rows), past(seqs, context);
  std::vector<int32_t> offsets, pages;
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  for (int32_t s = 0; s <= seqs; ++s) offsets.push_back(s * pages_per_seq);
  for (int32_t p = 0; p < geometry.pages; ++p) pages.push_back(p);
  std::shuffle(pages.begin(), pages.end(), random);
  pool.set_step(seqs, query.data(), past.data(), offsets.data(), pages.data());

  std::vector<float> qkv(static_cast<size_t>(seqs) * rows * (kHeads + 2 * kKvHeads) * kHeadDim);
  for (float& x : qkv) x = normal(random);
  const std::vector<float> cos(static_cast<size_t>(context + rows) * kHeadDim / 2, 0.8f), sin(cos.size(), 0.6f);
  std::vector<float> out(static_cast<size_t>(seqs) * rows * kHeads * kHeadDim);

  AttentionParams params;
  params.geometry = geometry, params.pool = pool.data(), params.num_heads = kHeads, params.scale = 0.125f;
  params.qkv = qkv.data(), params.rope_cos = cos.data(), params.rope_sin = sin.data(), params.out = out.data();
  const double seconds = best_seconds(repeats, [&] {
    for (params.layer = 0; params.layer < kLayers; ++params.layer)
      paged_attention(params, pool.step(), pool.scratch(), Execution{threads});
  });

  const double pairs = static_cast<double>(seqs) * rows * (context + (rows + 1) / 2.0);
  const double gflops = pairs * kHeads * kHeadDim * 4 * kLayers / seconds * 1e-9;
  const double bytes = static_cast<double>(seqs) * (context + rows) * 2 * kKvHeads * geometry.row_bytes() * kLayers;
  const double gigabytes = bytes / seconds * 1e-9;
  std::printf("%-4s %4d %8d %5d  %10.3f  %7.1f  %7.1f  ", dtype == KvDtype::kF16 ? "f16" : "f32", seqs, context, rows,
              seconds * 1e3, gigabytes, gflops);
  if (rows == 1) std::printf("%5.0f %% of reads\n", 100 * gigabytes / peaks.bandwidth);
  else if (peaks.arithmetic > 0) std::printf("%5.0f %% of multiply-adds\n", 100 * gflops / peaks.arithmetic);
  else std::printf("\n");
}

void time_elementwise(const SpinningThreads& threads, int repeats) {
  for (const int64_t rows : {1, 512}) {
    constexpr int64_t width = 1536, block = 32, kInputs = 576;
    std::vector<float> gate_up(rows * 2 * width, 0.5f), y(rows * width), x(rows * kInputs, 0.5f);
    std::vector<float> corrections(kInputs / block * 2 * width, 0.01f), out(gate_up.size());
    const Execution execution{threads};
    const double gated = best_seconds(repeats * 20, [&] {
      swiglu(gate_up.data(), y.data(), rows, width, execution);
    });
    const double corrected = best_seconds(repeats * 20, [&] {
      add_block_corrections({gate_up.data(), x.data(), corrections.data(), out.data(), rows, kInputs, 2 * width, block,
                             SumOf::kInt8}, execution);
    });
    std::printf("%lld rows: swiglu of %lld %.2f us, block corrections of %lld x %lld %.2f us\n",
                static_cast<long long>(rows), static_cast<long long>(width), gated * 1e6,
                static_cast<long long>(kInputs), static_cast<long long>(2 * width), corrected * 1e6);
  }
}

void time_head(const SpinningThreads& threads, int repeats) {
  constexpr int64_t kInputs = 576, kOutputs = 49152, kBlock = 32;
  const std::vector<int8_t> codes(kInputs * kOutputs, 3);
  const std::vector<float> scales(kInputs / kBlock * kOutputs, 0.01f);
  for (const int64_t rows : {1, 4, 8, 32}) {
    const std::vector<float> x(rows * kInputs, 0.5f);
    std::vector<float> out(rows * kOutputs);
    const double seconds = best_seconds(repeats, [&] {
      int8_product({x.data(), codes.data(), scales.data(), out.data(), rows, kInputs, kOutputs, kBlock},
                   Execution{threads});
    });
    std::printf("%lld rows: 8-bit product of %lld x %lld %.3f ms, %.1f GB/s of weights\n", static_cast<long long>(rows),
                static_cast<long long>(kInputs), static_cast<long long>(kOutputs), seconds * 1e3,
                (codes.size() + scales.size() * 4.0) / seconds * 1e-9);
  }
}

// One sequence: all of its blocks at once, the one block that a few steps bring, and a selection for its next row.
void time_descriptors(int32_t context, int32_t block, DescriptorKind kind, const SpinningThreads& threads,
                      int repeats) {
  PoolGeometry keys;
  keys.layers = kLayers, keys.kv_heads = kKvHeads, keys.head_dim = kHeadDim, keys.page_tokens = kPageTokens;
  keys.pages = context / kPageTokens + 1, keys.dtype = KvDtype::kF16;
  KvPool pool(keys);
  std::mt19937 random(7);
  auto* halves = reinterpret_cast<uint16_t*>(pool.data());
  uint16_t exponent = 0;
  for (int64_t i = 0; i < keys.pool_bytes() / 2; ++i) {  // either sign, of sizes that differ between half pages
    if (i % (kPageTokens / 2 * kHeadDim) == 0) exponent = static_cast<uint16_t>(0x3000 + random() % 0x1000);
    halves[i] = static_cast<uint16_t>(exponent ^ (random() & 0x83ff));
  }
  DescriptorGeometry geometry{kind, kLayers, kKvHeads, kHeads, kHeadDim, kLayers, 0, context / kPieceTokens / 16 + 1};
  DescriptorPool descriptors(0, keys, geometry);
  std::vector<int32_t> pages, ends;
  for (int32_t p = 0; p < keys.pages; ++p) pages.push_back(p);
  std::shuffle(pages.begin(), pages.end(), random);
  for (int32_t end = block; end <= context; end += block) ends.push_back(end);
  const auto blocks = static_cast<int32_t>(ends.size());
  const Execution execution{threads};
  int64_t sequence = 0;
  const auto describe = [&](int32_t count) {
    descriptors.describe(sequence, pool, keys.pages, pages.data(), count, ends.data(), execution);
  };
  const double whole = best_seconds(repeats, [&] {
    if (sequence != 0) descriptors.end_sequence(sequence);
    sequence = descriptors.begin_sequence();
    describe(blocks - repeats);
  });
  int32_t described = blocks - repeats;
  const double one = best_seconds(repeats, [&] { describe(++described); });

  SelectionRule rule;
  rule.unit = SelectionRule::kBlocks, rule.budget = 1024, rule.sink = 4, rule.recent = 64, rule.residency = 1024;
  std::vector<float> queries(static_cast<size_t>(geometry.query_floats())), mass(kLayers * kKvHeads);
  std::normal_distribution<float> normal;
  for (float& q : queries) q = 0.1f * normal(random);
  std::vector<int32_t> counts(mass.size()), chosen(mass.size() * 1024);
  const double select = best_seconds(repeats * 4, [&] {
    descriptors.select({1, &sequence, &context, &rule, queries.data(), 1024, counts.data(), chosen.data(), mass.data()},
                       execution);
  });
  std::printf("%s descriptors, %d tokens in blocks of %d: all %.2f ms, a block %.3f ms, selection %.3f ms, %.1f MB\n",
              kind == DescriptorKind::kMean ? "mean" : "min-max", context, block, whole * 1e3, one * 1e3, select * 1e3,
              static_cast<double>(descriptors.used_bytes()) * 1e-6);
}

int run(int thread_count, int repeats) {
  const SpinningThreads threads(thread_count);
  const Peaks peaks = {read_bandwidth(threads), multiply_add_peak(threads)};
  std::printf("%s, %d threads; %.1f GB/s of reads, %.1f GFLOP/s of multiply-adds\n", isa_name(active_isa()),
              thread_count, peaks.bandwidth, peaks.arithmetic);
  std::printf("%d layers, %d query and %d KV heads of %d, pages of %d; best of %d\n", kLayers, kHeads, kKvHeads,
              kHeadDim, kPageTokens, repeats);
  for (const DescriptorKind kind : {DescriptorKind::kMinMax, DescriptorKind::kMean})
    for (const int32_t context : {4096, 8192}) time_descriptors(context, 16, kind, threads, repeats);
  time_descriptors(8192, 32, DescriptorKind::kMinMax, threads, repeats);
  std::printf("kv   seqs  context  rows          ms     GB/s  GFLOP/s\n");
  for (const int32_t seqs : {1, 8})
    for (const int32_t context : {100, 1000, 2000, 4000, 8000})
      time_attention(seqs, context, 1, KvDtype::kF16, threads, peaks, repeats);
  time_attention(1, 4000, 1, KvDtype::kF32, threads, peaks, repeats);
  time_attention(1, 0, 512, KvDtype::kF16, threads, peaks, repeats);
  time_attention(1, 3500, 512, KvDtype::kF16, threads, peaks, repeats);
  time_elementwise(threads, repeats);
  time_head(threads, repeats);
  time_selected_attention(threads, repeats);
  time_uniform_format(threads, repeats);
  time_retrieval(threads, repeats);
  time_block_codec(threads, repeats);
  return 0;
}

}  // namespace
}  // namespace contexture

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  const int repeats = argc > 2 ? std::atoi(argv[2]) : 5;
  if (threads < 1 || repeats < 1) {
    std::fprintf(stderr, "usage: contexture_bench [threads [repeats]]\n");
    return 2;
  }
  return contexture::run(threads, repeats);
}
