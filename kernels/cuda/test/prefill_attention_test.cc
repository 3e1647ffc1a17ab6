// Attention of chunks on the device against plain double sums.
#include "cuda/prefill_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "cuda/test/support.h"

namespace contexture {
namespace cuda {
namespace {

struct Chunk {
  int32_t position, rows;
};

class PrefillAttentionOf : public testing::TestWithParam<std::tuple<int32_t, int32_t, int32_t, Element>> {};

TEST_P(PrefillAttentionOf, MatchesPlainSums) {
  const auto [head_dim, group, page_tokens, element] = GetParam();
  constexpr int32_t kLayer = 1, kKvHeads = 2;
  const std::vector<Chunk> chunks = {{0, 2}, {0, 64}, {0, 65}, {7, 130}, {31, 33}, {500, 200}};
  const int32_t heads = kKvHeads * group;
  Random random(23);
  PoolGeometry g;
  g.layers = 2, g.kv_heads = kKvHeads, g.head_dim = head_dim, g.page_tokens = page_tokens, g.pages = 1,
  g.dtype = KvDtype::kF16;
  std::vector<PrefillTile> tiles;
  int32_t rows = 0, single = 0;
  std::vector<int32_t> page_offsets;
  for (const Chunk& chunk : chunks) {
    page_offsets.push_back(g.pages);
    for (int32_t row = 0; row < chunk.rows; row += kPrefillTileRows)
      tiles.push_back({rows + row, std::min(kPrefillTileRows, chunk.rows - row), chunk.position + row, g.pages});
    rows += chunk.rows;
    g.pages += (chunk.position + chunk.rows + page_tokens - 1) / page_tokens;
  }
  single = rows++;  // a row of no chunk stays as it is
  const std::vector<uint16_t> pool = random_bits(random, static_cast<size_t>(g.pool_bytes() / 2), element);
  const std::vector<uint16_t> q = random_bits(random, static_cast<size_t>(rows) * heads * head_dim, element);
  const std::vector<int32_t> pages = shuffled_pages(random, g.pages);
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));

  DeviceBuffer<uint16_t> device_pool(pool), device_q(q), out(std::vector<uint16_t>(q.size(), 0x1234));
  DeviceBuffer<PrefillTile> device_tiles(tiles);
  DeviceBuffer<int32_t> device_pages(pages);
  PrefillAttention p;
  p.geometry = g, p.element = element, p.pool = device_pool.data(), p.layer = kLayer, p.num_heads = heads, p.scale = scale;
  p.tile_count = static_cast<int32_t>(tiles.size()), p.tiles = device_tiles.data(), p.pages = device_pages.data();
  p.q = device_q.data(), p.out = out.data();
  prefill_attention(p, nullptr);
  check(cudaDeviceSynchronize(), "prefill_attention");
  const std::vector<uint16_t> actual = out.get();

  const auto value = [&](size_t chunk, int32_t position, int32_t kv_head, int32_t what, int32_t i) {
    const int64_t slot =
        static_cast<int64_t>(pages[page_offsets[chunk] + position / page_tokens]) * page_tokens + position % page_tokens;
    const int64_t at = g.key_row_offset(kLayer, slot, kv_head) + what * g.plane_bytes();
    return static_cast<double>(to_float(pool[static_cast<size_t>(at / 2 + i)], element));
  };
  double worst = 0;
  int32_t first = 0;
  for (size_t c = 0; c < chunks.size(); first += chunks[c++].rows)
    for (int32_t r = 0; r < chunks[c].rows; r += r % 16 == 0 ? 1 : 5)
      for (const int32_t head : {0, heads - 1}) {
        const size_t at = (static_cast<size_t>(first + r) * heads + head) * head_dim;
        std::vector<double> scores, wanted(head_dim, 0.0);
        double highest = -INFINITY, sum = 0;
        for (int32_t key = 0; key <= chunks[c].position + r; ++key) {
          double score = 0;
          for (int32_t i = 0; i < head_dim; ++i) score += to_float(q[at + i], element) * value(c, key, head / group, 0, i);
          scores.push_back(score * scale);
          highest = std::max(highest, scores.back());
        }
        for (double& score : scores) sum += score = std::exp(score - highest);
        for (size_t key = 0; key < scores.size(); ++key)
          for (int32_t i = 0; i < head_dim; ++i)
            wanted[i] += scores[key] / sum * value(c, static_cast<int32_t>(key), head / group, 1, i);
        for (int32_t i = 0; i < head_dim; ++i) {
          ASSERT_TRUE(std::isfinite(to_float(actual[at + i], element)));
          worst = std::max(worst, std::fabs(to_float(actual[at + i], element) - wanted[i]));
        }
      }
  EXPECT_LT(worst, 5 * precision(element));
  for (int32_t i = 0; i < heads * head_dim; ++i)
    ASSERT_EQ(actual[static_cast<size_t>(single) * heads * head_dim + i], 0x1234);
}

INSTANTIATE_TEST_SUITE_P(Shapes, PrefillAttentionOf,
                         testing::Combine(testing::Values(64, 80, 96, 112, 128, 256), testing::Values(1, 3, 8),
                                          testing::Values(8, 32), testing::Values(Element::kF16, Element::kBf16)),
                         [](const auto& info) {
                           return "dim" + std::to_string(std::get<0>(info.param)) + "_group" +
                                  std::to_string(std::get<1>(info.param)) + "_page" +
                                  std::to_string(std::get<2>(info.param)) + "_" + name(std::get<3>(info.param));
                         });

TEST(PrefillAttentionHost, RefusesWhatItHasNoKernelFor) {
  PrefillAttention p;
  p.geometry.kv_heads = 2, p.geometry.head_dim = 72, p.geometry.page_tokens = 16, p.num_heads = 2, p.tile_count = 1;
  EXPECT_THROW(prefill_attention(p, nullptr), std::invalid_argument);
  p.geometry.head_dim = 64, p.num_heads = 3;
  EXPECT_THROW(prefill_attention(p, nullptr), std::invalid_argument);
}

}  // namespace
}  // namespace cuda
}  // namespace contexture
