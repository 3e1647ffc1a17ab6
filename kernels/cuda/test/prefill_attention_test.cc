// Attention of chunks on the device against plain double sums.
#include "cuda/prefill_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string>

#include "cuda/prefill_kernels.h"
#include "cuda/test/support.h"

namespace contexture {
namespace cuda {
namespace {

struct Chunk {
  int32_t position, rows;
};

struct Shape {
  PrefillKernel kernel;
  int32_t head_dim, group, page_tokens;
  Element element;

  std::string name() const {
    return std::string(kernel.name) + "_dim" + std::to_string(head_dim) + "_group" + std::to_string(group) + "_page" +
           std::to_string(page_tokens) + "_" + cuda::name(element);
  }
};
void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name(); }

// Those of the grid that each kernel takes.
std::vector<Shape> shapes() {
  std::vector<Shape> all;
  for (const PrefillKernel& kernel : prefill_kernels())
    for (const int32_t head_dim : {64, 80, 96, 112, 128, 256})
      for (const int32_t group : {1, 3, 8})
        for (const int32_t page_tokens : {8, 32})
          for (const Element element : {Element::kF16, Element::kBf16}) {
            PrefillAttention p;
            p.geometry.head_dim = head_dim, p.geometry.page_tokens = page_tokens, p.element = element;
            if (kernel.takes(p)) all.push_back({kernel, head_dim, group, page_tokens, element});
          }
  return all;
}

class PrefillAttentionOf : public testing::TestWithParam<Shape> {};

TEST_P(PrefillAttentionOf, MatchesPlainSums) {
  const auto& [kernel, head_dim, group, page_tokens, element] = GetParam();
  constexpr int32_t kLayer = 1, kKvHeads = 2;
  const std::vector<Chunk> chunks = {{0, 2}, {0, 64}, {0, 129}, {0, 300}, {7, 130}, {31, 33}, {63, 65}, {500, 200}};
  const int32_t heads = kKvHeads * group;
  Random random(23);
  PoolGeometry g;
  g.layers = 2, g.kv_heads = kKvHeads, g.head_dim = head_dim, g.page_tokens = page_tokens, g.pages = 1,
  g.dtype = KvDtype::kF16, g.layout = KvLayout::kPairs;
  std::vector<PrefillTile> tiles;
  int32_t rows = 0, single = 0;
  std::vector<int32_t> page_offsets;
  for (const Chunk& chunk : chunks) {
    page_offsets.push_back(g.pages);
    append_tiles({rows, chunk.rows, chunk.position, g.pages}, &tiles);
    rows += chunk.rows;
    g.pages += (chunk.position + chunk.rows + page_tokens - 1) / page_tokens;
  }
  put_longest_first(&tiles);
  single = rows++;  // a row of no chunk stays as it is
  std::vector<uint16_t> pool = random_bits(random, static_cast<size_t>(g.pool_bytes() / 2), element);
  const std::vector<uint16_t> q = random_bits(random, static_cast<size_t>(rows) * heads * head_dim, element);
  const std::vector<int32_t> pages = shuffled_pages(random, g.pages);
  // What lies behind a chunk's last token must not matter, whatever it is.
  const uint16_t nan = element == Element::kF16 ? 0x7e00 : 0x7fc0;
  for (size_t c = 0; c < chunks.size(); ++c)
    for (int32_t token = (chunks[c].position + chunks[c].rows - 1) % page_tokens + 1; token < page_tokens; ++token)
      for (int32_t kv_head = 0; kv_head < kKvHeads; ++kv_head)
        for (const int64_t plane : {int64_t{0}, g.value_offset()}) {
          const int64_t end = c + 1 < chunks.size() ? page_offsets[c + 1] : g.pages;
          const int64_t slot = static_cast<int64_t>(pages[static_cast<size_t>(end - 1)]) * page_tokens + token;
          const auto at = static_cast<size_t>((g.key_row_offset(kLayer, slot, kv_head) + plane) / 2);
          std::fill_n(pool.begin() + static_cast<int64_t>(at), head_dim, nan);
        }
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));

  DeviceBuffer<uint16_t> device_pool(pool), device_q(q), out(std::vector<uint16_t>(q.size(), 0x1234));
  DeviceBuffer<PrefillTile> device_tiles(tiles);
  DeviceBuffer<int32_t> device_pages(pages);
  PrefillAttention p;
  p.geometry = g, p.element = element, p.pool = device_pool.data(), p.layer = kLayer, p.num_heads = heads, p.scale = scale;
  p.tile_count = static_cast<int32_t>(tiles.size()), p.tiles = device_tiles.data(), p.pages = device_pages.data();
  p.rows = rows, p.q = device_q.data(), p.out = out.data();
  kernel.run(p, nullptr);
  check(cudaDeviceSynchronize(), kernel.name);
  const std::vector<uint16_t> actual = out.get();

  const auto value = [&](size_t chunk, int32_t position, int32_t kv_head, int32_t what, int32_t i) {
    const int64_t slot =
        static_cast<int64_t>(pages[page_offsets[chunk] + position / page_tokens]) * page_tokens + position % page_tokens;
    const int64_t at = g.key_row_offset(kLayer, slot, kv_head) + what * g.value_offset();
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

INSTANTIATE_TEST_SUITE_P(Shapes, PrefillAttentionOf, testing::ValuesIn(shapes()),
                         [](const auto& info) { return info.param.name(); });

using Numbers = std::vector<std::vector<int32_t>>;

Numbers numbers(const std::vector<PrefillTile>& tiles) {
  Numbers all;
  for (const PrefillTile& tile : tiles) all.push_back({tile.first_row, tile.rows, tile.position, tile.page_offset});
  return all;
}

TEST(PrefillAttentionHost, CutsChunksIntoTiles) {
  std::vector<PrefillTile> tiles;
  append_tiles({5, 1, 9, 2}, &tiles);
  append_tiles({6, kPrefillTileRows, 0, 3}, &tiles);
  append_tiles({200, 2 * kPrefillTileRows + 7, 40, 11}, &tiles);
  EXPECT_EQ(numbers(tiles), (Numbers{{5, 1, 9, 2},
                                     {6, kPrefillTileRows, 0, 3},
                                     {200, kPrefillTileRows, 40, 11},
                                     {200 + kPrefillTileRows, kPrefillTileRows, 40 + kPrefillTileRows, 11},
                                     {200 + 2 * kPrefillTileRows, 7, 40 + 2 * kPrefillTileRows, 11}}));
}

TEST(PrefillAttentionHost, TilesThatSeeTheMostComeFirst) {
  std::vector<PrefillTile> tiles = {{0, 128, 0, 0}, {128, 2, 128, 0}, {130, 128, 300, 6}, {258, 30, 100, 20}};
  put_longest_first(&tiles);
  EXPECT_EQ(numbers(tiles), (Numbers{{130, 128, 300, 6}, {128, 2, 128, 0}, {258, 30, 100, 20}, {0, 128, 0, 0}}))
      << "equals keep their order";
}

TEST(PrefillAttentionHost, SomeKernelTakesEveryShape) {
  ASSERT_FALSE(prefill_kernels().empty());
  PrefillAttention p;
  for (p.geometry.head_dim = 16; p.geometry.head_dim <= 256; p.geometry.head_dim += 16)
    EXPECT_TRUE(prefill_kernels().back().takes(p)) << p.geometry.head_dim;
#ifdef CONTEXTURE_FLASHINFER
  for (const int32_t head_dim : {64, 80, 96, 112, 128, 256}) {
    p.geometry.head_dim = head_dim;
    EXPECT_EQ(flashinfer_prefill_takes(p), head_dim == 64 || head_dim == 128 || head_dim == 256) << head_dim;
  }
#endif
}

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
