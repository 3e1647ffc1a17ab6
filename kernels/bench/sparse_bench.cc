#include <algorithm>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "bench/support.h"
#include "capi/kv_pool.h"
#include "capi/retrieval_pool.h"
#include "reference/variable_blocks.h"

namespace contexture {
namespace {

constexpr int32_t kLayers = 30, kHeads = 9, kKvHeads = 3, kHeadDim = 64, kPageTokens = 32, kBudget = 512;

std::vector<int32_t> shuffled_pages(int32_t count, std::mt19937& random) {
  std::vector<int32_t> pages(static_cast<size_t>(count));
  std::iota(pages.begin(), pages.end(), 0);
  std::shuffle(pages.begin(), pages.end(), random);
  return pages;
}

// kBudget ascending positions, the row's own last.
std::vector<int32_t> some_positions(int32_t position, std::mt19937& random) {
  std::vector<int32_t> all(static_cast<size_t>(position)), chosen;
  std::iota(all.begin(), all.end(), 0);
  std::sample(all.begin(), all.end(), std::back_inserter(chosen), kBudget - 1, random);
  chosen.push_back(position);
  return chosen;
}

}  // namespace

void time_selected_attention(const SpinningThreads& threads, int repeats) {
  constexpr int32_t kGroups = 10, kLists = kGroups * kKvHeads;
  for (const int32_t seqs : {1, 8})
    for (const int32_t context : {1000, 8000}) {
      std::mt19937 random(7);
      const int32_t pages_per_seq = context / kPageTokens + 1;
      PoolGeometry geometry;
      geometry.layers = kLayers, geometry.kv_heads = kKvHeads, geometry.head_dim = kHeadDim;
      geometry.page_tokens = kPageTokens, geometry.pages = pages_per_seq * seqs, geometry.dtype = KvDtype::kF16;
      KvPool pool(geometry);
      std::memset(pool.data(), 0x2b, static_cast<size_t>(geometry.pool_bytes()));
      const std::vector<int32_t> query(seqs, 1), past(seqs, context), pages = shuffled_pages(geometry.pages, random);
      std::vector<int32_t> offsets, rows(seqs), counts(seqs * kLists, kBudget), positions, group_of_layer;
      for (int32_t s = 0; s <= seqs; ++s) offsets.push_back(s * pages_per_seq);
      std::iota(rows.begin(), rows.end(), 0);
      for (int32_t layer = 0; layer < kLayers; ++layer) group_of_layer.push_back(layer * kGroups / kLayers);
      for (int32_t list = 0; list < seqs * kLists; ++list) {
        const std::vector<int32_t> chosen = some_positions(context, random);
        positions.insert(positions.end(), chosen.begin(), chosen.end());
      }
      pool.set_step(seqs, query.data(), past.data(), offsets.data(), pages.data());
      const double described = best_seconds(repeats, [&] {
        pool.set_selection({kGroups, group_of_layer.data(), seqs, rows.data(), kKvHeads, kBudget, counts.data(),
                            positions.data(), 0});
      });
      std::vector<float> qkv(static_cast<size_t>(seqs) * (kHeads + 2 * kKvHeads) * kHeadDim);
      std::normal_distribution<float> normal;
      for (float& x : qkv) x = normal(random);
      const std::vector<float> cos(static_cast<size_t>(context + 1) * kHeadDim / 2, 0.8f), sin(cos.size(), 0.6f);
      std::vector<float> out(static_cast<size_t>(seqs) * kHeads * kHeadDim);
      AttentionParams params;
      params.geometry = geometry, params.pool = pool.data(), params.num_heads = kHeads, params.scale = 0.125f;
      params.qkv = qkv.data(), params.rope_cos = cos.data(), params.rope_sin = sin.data(), params.out = out.data();
      const double seconds = best_seconds(repeats, [&] {
        for (params.layer = 0; params.layer < kLayers; ++params.layer)
          paged_attention(params, pool.step(), pool.scratch(), Execution{threads});
      });
      const double bytes = 2.0 * seqs * kBudget * kKvHeads * static_cast<double>(geometry.row_bytes()) * kLayers;
      std::printf("%d rows over %d of %d tokens: attention %.3f ms (%.1f GB/s of selected rows), description %.3f ms\n",
                  seqs, kBudget, context, seconds * 1e3, bytes / seconds * 1e-9, described * 1e3);
    }
}

void time_uniform_format(const SpinningThreads& threads, int repeats) {
  constexpr int32_t kContext = 8000, kBlock = 16, kSlack = 8, kGroups = 10;
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  PoolGeometry geometry;
  geometry.layers = kLayers, geometry.kv_heads = kKvHeads, geometry.head_dim = kHeadDim;
  geometry.page_tokens = kPageTokens, geometry.pages = kContext / kPageTokens + 1, geometry.dtype = KvDtype::kF16;
  KvPool pool(geometry);
  std::memset(pool.data(), 0x2b, static_cast<size_t>(geometry.pool_bytes()));
  const std::vector<int32_t> pages = shuffled_pages(geometry.pages, random);
  const int32_t query = 1, past = kContext, offsets[] = {0, geometry.pages}, sequence = 0;
  pool.set_step(1, &query, &past, offsets, pages.data());
  std::vector<float> qkv((kHeads + 2 * kKvHeads) * kHeadDim), out(kHeads * kHeadDim), q(kHeads * kHeadDim);
  for (float& x : qkv) x = normal(random);
  for (float& x : q) x = normal(random);
  const std::vector<float> cos(static_cast<size_t>(kContext + 1) * kHeadDim / 2, 0.8f), sin(cos.size(), 0.6f);
  AttentionParams params;
  params.geometry = geometry, params.pool = pool.data(), params.num_heads = kHeads, params.scale = 0.125f;
  params.qkv = qkv.data(), params.rope_cos = cos.data(), params.rope_sin = sin.data(), params.out = out.data();

  // Blocks up to the budget, behind each other's gaps; the row's own position is a block of one.
  const auto some_blocks = [&](int32_t slack) {
    std::vector<reference::BlockRange> blocks;
    std::uniform_int_distribution<int32_t> length(kBlock - slack, kBlock + slack), gap(0, 2 * (kContext / kBudget - 1) * kBlock);
    int32_t room = kBudget - 1, at = 0;
    while (room > 0) {
      const int32_t count = std::min(room, length(random));
      at = std::min(at + gap(random), kContext - room);
      blocks.push_back({at, at + count});
      at += count, room -= count;
    }
    blocks.push_back({kContext, kContext + 1});
    return blocks;
  };
  const auto attend = [&] {
    for (params.layer = 0; params.layer < kLayers; ++params.layer)
      paged_attention(params, pool.step(), pool.scratch(), Execution{threads});
  };
  std::vector<int32_t> group_of_layer;
  for (int32_t layer = 0; layer < kLayers; ++layer) group_of_layer.push_back(layer * kGroups / kLayers);
  double uniform[2];
  std::vector<std::vector<reference::BlockRange>> dynamic;
  for (const int32_t slack : {0, kSlack}) {
    std::vector<int32_t> counts, positions;
    dynamic.clear();
    for (int32_t list = 0; list < kGroups * kKvHeads; ++list) {
      dynamic.push_back(some_blocks(slack));
      counts.push_back(kBudget);
      for (const auto& block : dynamic.back())
        for (int32_t p = block.first; p < block.last; ++p) positions.push_back(p);
    }
    pool.set_selection({kGroups, group_of_layer.data(), 1, &sequence, kKvHeads, kBudget, counts.data(),
                        positions.data(), 0});
    uniform[slack > 0] = best_seconds(repeats * 4, attend);
  }
  const double one_by_one = best_seconds(repeats * 4, [&] {
    for (params.layer = 0; params.layer < kLayers; ++params.layer) {
      const auto group = dynamic.begin() + group_of_layer[params.layer] * kKvHeads;
      reference::attend_to_blocks(params, pool.step(), 0, q.data(), {group, group + kKvHeads}, Execution{threads});
    }
  });
  std::printf("%d tokens in blocks of 16 of %d: uniform format %.3f ms, in blocks of 8 to 24 %.3f ms (%.3f of it); these "
              "one by one %.3f ms (%.2f of it)\n",
              kBudget, kContext, uniform[0] * 1e3, uniform[1] * 1e3, uniform[1] / uniform[0], one_by_one * 1e3,
              one_by_one / uniform[1]);
}

void time_retrieval(const SpinningThreads& threads, int repeats) {
  struct Head {
    int32_t groups, kv_heads, query_heads;
  };
  for (const Head head : {Head{10, 3, 9}, Head{6, 3, 9}, Head{10, 1, 9}, Head{10, 3, 3}})
    for (const int32_t context : {2000, 8000, 32000}) {
      std::mt19937 random(7);
      std::normal_distribution<float> normal;
      const int32_t page_count = context / kPageTokens + 1;
      const std::vector<float> cos(static_cast<size_t>(context + 1) * kHeadDim / 2, 0.8f), sin(cos.size(), 0.6f);
      RetrievalPool pool({head.groups, head.kv_heads, head.query_heads, kHeadDim, kPageTokens, page_count}, context + 1,
                         cos.data(), sin.data());
      const Execution execution{threads};
      const std::vector<int32_t> pages = shuffled_pages(page_count, random);
      std::vector<float> keys(static_cast<size_t>(512) * head.groups * head.kv_heads * kHeadDim);
      for (float& x : keys) x = normal(random);
      double append = 0;
      for (int32_t first = 0; first < context; first += 512) {
        std::vector<int32_t> positions;
        std::vector<int64_t> slots;
        for (int32_t p = first; p < std::min(context, first + 512); ++p) {
          positions.push_back(p);
          slots.push_back(static_cast<int64_t>(pages[p / kPageTokens]) * kPageTokens + p % kPageTokens);
        }
        pool.tables().set_append(static_cast<int32_t>(positions.size()), positions.data(), slots.data());
        append += best_seconds(1, [&] { pool.append(keys.data(), execution); });
      }
      SelectionRule rule;
      rule.budget = kBudget, rule.residency = 4 * kBudget, rule.sink = 4, rule.recent = 64;
      const int32_t page_offsets[] = {0, page_count}, query_offsets[] = {0, 1};
      std::vector<int32_t> ends;
      for (int32_t end = 16; end <= context; end += 16) ends.push_back(end);
      const int32_t block_offsets[] = {0, static_cast<int32_t>(ends.size())};
      std::vector<float> queries(static_cast<size_t>(head.groups) * head.query_heads * kHeadDim);
      for (float& x : queries) x = 2 * normal(random);
      double select[3];
      for (rule.unit = 0; rule.unit < 3; ++rule.unit) {
        pool.tables().set_select({1, &context, query_offsets, &context, page_offsets, pages.data(), &rule, block_offsets, ends.data()});
        select[rule.unit] = best_seconds(repeats, [&] { pool.select(queries.data(), execution); });
      }
      const double bytes = static_cast<double>(context) * head.groups * head.kv_heads * (kHeadDim + 4);
      std::printf("head of %d groups, %d KV and %d query heads, %5d tokens: tokens %.3f ms (%.1f GB/s of keys), blocks "
                  "%.3f ms, two-level %.3f ms; append %.2f us a token\n",
                  head.groups, head.kv_heads, head.query_heads, context, select[0] * 1e3, bytes / select[0] * 1e-9,
                  select[1] * 1e3, select[2] * 1e3, append / context * 1e6);
    }
}

}  // namespace contexture
