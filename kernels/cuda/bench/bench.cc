// Times of the device's kernels and the share of the measured bandwidth that they reach, as lines of JSON.
//
// Everything cycles through more memory than the second-level cache holds; each figure is the best of several runs of many
// calls.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "cuda/bench/flashinfer_decode.h"
#include "cuda/block_staging.h"
#include "cuda/decode_attention.h"
#include "cuda/prefill_kernels.h"
#include "cuda/prepare_rows.h"
#include "cuda/retrieval.h"
#include "cuda/sample_rows.h"

namespace contexture {
namespace cuda {
namespace {

constexpr int kRuns = 5;
constexpr int32_t kKvHeads = 8, kGroup = 4, kHeadDim = 128, kPageTokens = 32, kBudget = 2048;  // of an 8B model
static_assert(kGroup == kFlashInferGroup && kHeadDim == kFlashInferHeadDim);
constexpr int64_t kWorkingBytes = 400 << 20;

// Seconds of one call; `call` is given its number.
double seconds(int calls, const std::function<void(int)>& call) {
  cudaEvent_t begin, end;
  check(cudaEventCreate(&begin), "cudaEventCreate");
  check(cudaEventCreate(&end), "cudaEventCreate");
  float best = 1e30f;
  for (int i = 0; i < calls; ++i) call(i);
  for (int run = 0; run < kRuns; ++run) {
    check(cudaEventRecord(begin), "cudaEventRecord");
    for (int i = 0; i < calls; ++i) call(i);
    check(cudaEventRecord(end), "cudaEventRecord");
    check(cudaEventSynchronize(end), "cudaEventSynchronize");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin, end), "cudaEventElapsedTime");
    best = std::min(best, milliseconds);
  }
  check(cudaEventDestroy(begin), "cudaEventDestroy");
  check(cudaEventDestroy(end), "cudaEventDestroy");
  return best / 1e3 / calls;
}

// Launches of an ordinary call cost some microseconds each; a graph's do not.
double graph_seconds(int calls, const std::function<void(int, cudaStream_t)>& call) {
  cudaStream_t stream;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
  call(0, stream);
  check(cudaStreamSynchronize(stream), "the first call");
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
  for (int i = 0; i < calls; ++i) call(i, stream);
  check(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
  check(cudaGraphInstantiate(&exec, graph, 0), "cudaGraphInstantiate");
  const double all = seconds(3, [&](int) { check(cudaGraphLaunch(exec, nullptr), "cudaGraphLaunch"); });
  check(cudaGraphExecDestroy(exec), "cudaGraphExecDestroy");
  check(cudaGraphDestroy(graph), "cudaGraphDestroy");
  check(cudaStreamDestroy(stream), "cudaStreamDestroy");
  return all / calls;
}

struct Machine {
  cudaDeviceProp properties{};
  double bytes_per_second = 0;  // a copy's, read and written
  double host_bytes_per_second = 0;

  Machine() {
    check(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
    constexpr size_t kBytes = size_t{1} << 30;
    DeviceBuffer<char> from(kBytes), to(kBytes);
    bytes_per_second = 2.0 * kBytes / seconds(10, [&](int) {
                         check(cudaMemcpyAsync(to.data(), from.data(), kBytes, cudaMemcpyDeviceToDevice), "cudaMemcpyAsync");
                       });
    void* pinned = nullptr;
    check(cudaMallocHost(&pinned, kBytes), "cudaMallocHost");
    host_bytes_per_second = 1.0 * kBytes / seconds(3, [&](int) {
                              check(cudaMemcpyAsync(to.data(), pinned, kBytes, cudaMemcpyHostToDevice), "cudaMemcpyAsync");
                            });
    check(cudaFreeHost(pinned), "cudaFreeHost");
    std::printf(
        "{\"kernel\": \"machine\", \"device\": \"%s\", \"multiprocessors\": %d, \"copy_gb_s\": %.0f, \"host_copy_gb_s\": "
        "%.1f}\n",
        properties.name, properties.multiProcessorCount, bytes_per_second / 1e9, host_bytes_per_second / 1e9);
  }

  void say(const std::string& kernel, int32_t sequences, int32_t context, double bytes, double time) const {
    std::printf(
        "{\"kernel\": \"%s\", \"sequences\": %d, \"context\": %d, \"us\": %.2f, \"gb_s\": %.0f, \"share_of_copy\": %.3f}\n",
        kernel.c_str(), sequences, context, time * 1e6, bytes / time / 1e9, bytes / time / bytes_per_second);
    std::fflush(stdout);
  }
};

std::vector<int32_t> ascending(int32_t count, int32_t step = 1) {
  std::vector<int32_t> values(static_cast<size_t>(count));
  for (int32_t i = 0; i < count; ++i) values[i] = i * step;
  return values;
}

// Pages of a sequence lie anywhere: a fixed permutation of all.
std::vector<int32_t> scattered(int32_t count) {
  std::vector<int32_t> pages = ascending(count);
  uint64_t state = 1;
  for (size_t i = pages.size(); i > 1; --i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    std::swap(pages[i - 1], pages[(state >> 33) % i]);
  }
  return pages;
}

void time_decode(const Machine& machine, int32_t sequences, int32_t context, bool sparse, int32_t run_tokens) {
  PoolGeometry g;
  g.kv_heads = kKvHeads, g.head_dim = kHeadDim, g.page_tokens = kPageTokens, g.dtype = KvDtype::kF16;
  g.layout = KvLayout::kPairs;
  const int32_t per_sequence = (context + kPageTokens - 1) / kPageTokens,
                tokens = sparse ? std::min(context, kBudget) : context;
  g.pages = per_sequence * sequences;
  const double bytes = 2.0 * sequences * tokens * kKvHeads * g.row_bytes();
  g.layers = static_cast<int32_t>(
      std::clamp<int64_t>(static_cast<int64_t>(kWorkingBytes / bytes), 2, (int64_t{24} << 30) / g.layer_bytes()));
  DeviceBuffer<char> pool(static_cast<size_t>(g.pool_bytes()));
  check(cudaMemset(pool.data(), 0, pool.bytes()), "cudaMemset");
  const size_t values = static_cast<size_t>(sequences) * kKvHeads * kGroup * kHeadDim;
  DeviceBuffer<uint16_t> q(values), out(values);
  check(cudaMemset(q.data(), 0, q.bytes()), "cudaMemset");
  DeviceBuffer<int32_t> lengths(std::vector<int32_t>(static_cast<size_t>(sequences), context)),
      offsets(ascending(sequences, per_sequence));
  const std::vector<int32_t> pages = scattered(g.pages);
  DeviceBuffer<int32_t> device_pages(pages);
  std::vector<int32_t> counts(static_cast<size_t>(sequences) * kKvHeads, tokens), slots;
  if (sparse)
    for (int32_t list = 0; list < sequences * kKvHeads; ++list)
      for (int32_t i = 0; i < tokens; ++i) {  // runs of so many tokens, evenly over the context
        const auto run = static_cast<int64_t>(i / run_tokens);
        const auto p = static_cast<int32_t>(run * (context / ((tokens + run_tokens - 1) / run_tokens)) + i % run_tokens);
        slots.push_back(pages[static_cast<size_t>(list / kKvHeads * per_sequence + p / kPageTokens)] * kPageTokens +
                        p % kPageTokens);
      }
  DeviceBuffer<int32_t> device_counts(counts), device_slots(slots), rows(ascending(sequences));
  DecodeAttention d;
  d.geometry = g, d.pool = pool.data(), d.num_heads = kKvHeads * kGroup, d.scale = 0.088f;
  d.tables = {sequences, lengths.data(), offsets.data(), device_pages.data()};
  if (sparse) d.selection = {1, kKvHeads, tokens, rows.data(), device_counts.data(), device_slots.data()};
  d.q = q.data(), d.out = out.data(),
  d.splits = decode_splits(sequences, kKvHeads, tokens, machine.properties.multiProcessorCount);
  DeviceBuffer<float> partial(partial_floats(d.tables.sequences, d.num_heads, d.splits, d.geometry.head_dim));
  d.partial = partial.data();
  const auto time = [&](const std::string& kernel, const std::function<void(cudaStream_t)>& run) {
    machine.say(kernel, sequences, context, bytes, graph_seconds(std::max(g.layers, 16), [&](int i, cudaStream_t stream) {
                  d.layer = i % g.layers;
                  run(stream);
                }));
  };
  time(sparse ? "decode_sparse_runs_of_" + std::to_string(run_tokens) : "decode_dense",
       [&](cudaStream_t stream) { decode_attention(d, stream); });
#ifdef CONTEXTURE_FLASHINFER
  if (sparse) return;
  FlashInferDecode flashinfer(g, sequences, context, machine.properties.multiProcessorCount);
  time("decode_dense_flashinfer", [&](cudaStream_t stream) { flashinfer.run(d, stream); });
#endif
}

void time_retrieval(const Machine& machine, int32_t sequences, int32_t context) {
  constexpr int32_t kGroups = 4;
  DeviceKeyGeometry g;
  g.groups = kGroups, g.kv_heads = kKvHeads, g.query_heads = kKvHeads * kGroup, g.head_dim = kHeadDim,
  g.page_tokens = kPageTokens;
  const int32_t per_sequence = (context + kPageTokens - 1) / kPageTokens;
  g.pages = per_sequence * sequences;
  DeviceBuffer<char> pool(static_cast<size_t>(g.pool_bytes()));
  check(cudaMemset(pool.data(), 0x3b, pool.bytes()), "cudaMemset");
  std::vector<float> x(static_cast<size_t>(sequences) * g.groups * g.query_heads * kHeadDim);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 2654435761u % 1000) / 500.0f - 1.0f;
  std::vector<float> angles(static_cast<size_t>(context) * kHeadDim / 2, 1.0f);
  DeviceBuffer<float> queries(x), cos(angles), sin(angles);
  SelectionRule rule;
  rule.budget = kBudget, rule.sink = 4, rule.recent = 64;
  const auto lists = static_cast<size_t>(sequences) * g.lists();
  DeviceBuffer<int32_t> positions(std::vector<int32_t>(static_cast<size_t>(sequences), context - 1)),
      offsets(ascending(sequences, per_sequence));
  DeviceBuffer<int32_t> pages(scattered(g.pages)), counts(lists), slots(lists * kBudget);
  DeviceBuffer<SelectionRule> rules(std::vector<SelectionRule>(static_cast<size_t>(sequences), rule));
  DeviceBuffer<float> mass(lists);
  SelectDeviceRows s;
  s.geometry = g, s.pool = pool.data(), s.rows = sequences, s.most_positions = context, s.positions = positions.data();
  s.page_offsets = offsets.data(), s.pages = pages.data(), s.rules = rules.data(), s.queries = queries.data();
  s.rope_cos = cos.data(), s.rope_sin = sin.data(), s.stride = kBudget;
  DeviceBuffer<float> workspace(workspace_floats(s));
  s.workspace = workspace.data(), s.counts = counts.data(), s.slots = slots.data(), s.mass = mass.data();
  const double keys = static_cast<double>(lists) * context * (g.row_bytes() + sizeof(float));
  const double scores = static_cast<double>(lists) * context * kGroup * sizeof(float);
  machine.say("score", sequences, context, keys + scores,
              graph_seconds(8, [&](int, cudaStream_t stream) { score_keys(s, stream); }));
  machine.say("score_and_select", sequences, context, keys + scores,
              graph_seconds(8, [&](int, cudaStream_t stream) { score_and_select(s, stream); }));
}

// Halves of either sign below 1: a device computes zeros with less power, and so faster, than a prompt's numbers.
void fill_with_halves(void* device, size_t count) {
  std::vector<uint16_t> values(std::min<size_t>(count, 1 << 20));
  uint64_t state = 1;
  for (uint16_t& value : values) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    value = static_cast<uint16_t>((state >> 48 & 0x8000) | (0x3000 + (state >> 33) % 0xc00));
  }
  for (size_t done = 0; done < count; done += values.size())
    check(cudaMemcpy(static_cast<uint16_t*>(device) + done, values.data(),
                     std::min(values.size(), count - done) * sizeof(uint16_t), cudaMemcpyHostToDevice),
          "cudaMemcpy");
}

// A chunk of one prompt behind so many tokens, by each of the kernels.
void time_prefill(int32_t context, int32_t rows) {
  PoolGeometry g;
  g.layers = 1, g.kv_heads = kKvHeads, g.head_dim = kHeadDim, g.page_tokens = kPageTokens, g.dtype = KvDtype::kF16;
  g.layout = KvLayout::kPairs;
  g.pages = (context + rows + kPageTokens - 1) / kPageTokens;
  DeviceBuffer<char> pool(static_cast<size_t>(g.pool_bytes()));
  fill_with_halves(pool.data(), pool.bytes() / sizeof(uint16_t));
  const size_t values = static_cast<size_t>(rows) * kKvHeads * kGroup * kHeadDim;
  DeviceBuffer<uint16_t> q(values), out(values);
  fill_with_halves(q.data(), values);
  std::vector<PrefillTile> tiles;
  append_tiles({0, rows, context, 0}, &tiles);
  put_longest_first(&tiles);
  DeviceBuffer<PrefillTile> device_tiles(tiles);
  DeviceBuffer<int32_t> pages(scattered(g.pages));
  PrefillAttention p;
  p.geometry = g, p.pool = pool.data(), p.num_heads = kKvHeads * kGroup, p.scale = 0.088f;
  p.tile_count = static_cast<int32_t>(tiles.size()), p.tiles = device_tiles.data(), p.pages = pages.data();
  p.rows = rows, p.q = q.data(), p.out = out.data();
  const double products = 4.0 * kKvHeads * kGroup * kHeadDim * rows * (context + rows / 2.0);
  for (const PrefillKernel& kernel : prefill_kernels()) {
    if (!kernel.takes(p)) continue;
    const double time = graph_seconds(8, [&](int, cudaStream_t stream) { kernel.run(p, stream); });
    std::printf("{\"kernel\": \"prefill_%s\", \"rows\": %d, \"context\": %d, \"us\": %.1f, \"tflop_s\": %.1f}\n",
                kernel.name, rows, context, time * 1e6, products / time / 1e12);
    std::fflush(stdout);
  }
}

// Draws from logits spread as a model's; each row is read once by a greedy draw, more often by the others.
void time_draws(const Machine& machine, int32_t rows) {
  constexpr int32_t kTokens = 128256;
  std::vector<float> x(static_cast<size_t>(rows) * kTokens);
  uint64_t state = 1;
  for (float& logit : x) {
    float sum = 0;
    for (int i = 0; i < 4; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      sum += static_cast<float>(state >> 40) * 0x1p-24f;
    }
    logit = 6 * (sum - 2);
  }
  DeviceBuffer<float> logits(x), weights(x.size());
  DeviceBuffer<ctx_drawn_token> drawn(static_cast<size_t>(rows));
  const double bytes = static_cast<double>(x.size()) * sizeof(float);
  const DeviceBuffer<uint64_t> masks(std::vector<uint64_t>(static_cast<size_t>(words_of_mask(kTokens)), 0x5555555555555555u));
  const auto time = [&](const char* kernel, ctx_sample_row row) {
    std::vector<ctx_sample_row> all(static_cast<size_t>(rows), row);
    for (int32_t i = 0; i < rows; ++i) all[i].wanted = i, all[i].uniform = (i + 0.5) / rows;
    DeviceBuffer<ctx_sample_row> device_rows(all);
    SampleRows s;
    s.count = rows, s.tokens = kTokens, s.vocabulary = kTokens, s.logits = logits.data(), s.rows = device_rows.data();
    s.weights = weights.data(), s.drawn = drawn.data(), s.masks = masks.data();
    const double each = graph_seconds(8, [&](int, cudaStream_t stream) { sample_rows(s, stream); });
    std::printf("{\"kernel\": \"%s\", \"rows\": %d, \"tokens\": %d, \"us\": %.1f, \"copy_to_host_us\": %.1f}\n", kernel,
                rows, kTokens, each * 1e6, bytes / machine.host_bytes_per_second * 1e6);
    std::fflush(stdout);
  };
  ctx_sample_row row{};
  row.top_p = 1, row.repetition = 1, row.floor = -INFINITY, row.top_logprobs = -1, row.mask = -1;
  time("draw_greedy", row);
  row.inverse_temperature = 1;
  time("draw", row);
  row.mask = 0;
  time("draw_masked", row);
  row.mask = -1;
  row.top_p = 0.95f;
  time("draw_top_p", row);
  row.top_k = 50;
  time("draw_top_k_top_p", row);
  row.top_logprobs = CTX_MOST_TOP_LOGPROBS;
  time("draw_top_k_top_p_logprobs", row);
}

// All parts of blocks of an 8B model with so many layer groups, one after the other: what leaving and coming back take of the loop.
void time_stored_blocks(int32_t tokens, BlockFormat format, const char* name) {
  constexpr int32_t kLayers = 32, kGroups = 4, kPages = 256;
  const PoolGeometry g{kLayers, kKvHeads, kHeadDim, kPageTokens, kPages, KvDtype::kF16, KvLayout::kPairs};
  DeviceBuffer<char> pool(static_cast<size_t>(g.pool_bytes()));
  check(cudaMemset(pool.data(), 0x2d, pool.bytes()), "cudaMemset");
  std::vector<int32_t> layers(kLayers / kGroups);
  std::vector<char> bytes(static_cast<size_t>(block_bytes(g, format, static_cast<int32_t>(layers.size()), tokens)));
  BlockStaging staging;
  const Stream stream;
  const auto parts = [&](int call, const auto& move) {
    const int32_t page = call * 2 % (kPages - 1);
    const int32_t pages[] = {page, page + 1};
    for (int32_t group = 0; group < kGroups; ++group) {
      std::iota(layers.begin(), layers.end(), group * static_cast<int32_t>(layers.size()));
      std::vector<char*> rows;
      for (const int32_t layer : layers) rows.push_back(pool.data() + layer * g.layer_bytes());
      for (int32_t head = 0; head < kKvHeads; ++head)
        move({g, layers.data(), static_cast<int32_t>(layers.size()), head, pages, kPageTokens / 2, tokens}, rows);
    }
  };
  const double out = seconds(8, [&](int call) {
    parts(call, [&](const BlockPlace& place, const std::vector<char*>& rows) {
      staging.encode(place, rows, format, bytes.data(), stream.get());
    });
  });
  const double in = seconds(8, [&](int call) {
    parts(call, [&](const BlockPlace& place, const std::vector<char*>& rows) {
      staging.decode(place, rows, format, bytes.data(), stream.get());
    });
  });
  constexpr int32_t kParts = kGroups * kKvHeads;
  std::printf("{\"kernel\": \"stored_block\", \"format\": \"%s\", \"tokens\": %d, \"parts\": %d, \"encode_us\": %.0f, "
              "\"decode_us\": %.0f, \"encode_part_us\": %.1f, \"decode_part_us\": %.1f}\n",
              name, tokens, kParts, out * 1e6, in * 1e6, out * 1e6 / kParts, in * 1e6 / kParts);
  std::fflush(stdout);
}

void run() {
  const Machine machine;
  for (const int32_t tokens : {16, 32}) {
    time_stored_blocks(tokens, BlockFormat::kF16, "f16");
    time_stored_blocks(tokens, BlockFormat::kInt8Keys4Values, "int8-keys-int4-values");
  }
  for (const int32_t rows : {1, 8, 64}) time_draws(machine, rows);
  for (const int32_t context : {0, 14336, 30720, 126976}) time_prefill(context, 2048);
  for (const int32_t rows : {16384, 32768}) time_prefill(0, rows);  // whole prompts in one step
  for (const int32_t sequences : {1, 4, 16, 32}) {
    for (const int32_t context : {16384, 131072}) {
      if (static_cast<int64_t>(sequences) * context > int64_t{16} * 131072) continue;
      time_decode(machine, sequences, context, false, 1);
      time_decode(machine, sequences, context, true, 1);
      time_decode(machine, sequences, context, true, 16);
      time_retrieval(machine, sequences, context);
    }
  }
}

}  // namespace
}  // namespace cuda
}  // namespace contexture

int main() {
  try {
    contexture::cuda::run();
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
