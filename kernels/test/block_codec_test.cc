// Stored blocks against the reference, byte by byte and value by value, on every instruction set.
#include "contexture/block_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <tuple>
#include <vector>

#include "capi/kv_pool.h"
#include "cpu/half.h"
#include "reference/reference.h"
#include "test/isas.h"
#include "test/random.h"

namespace contexture {
namespace {

constexpr BlockFormat kFormats[] = {BlockFormat::kF16, BlockFormat::kInt8, BlockFormat::kInt4,
                                    BlockFormat::kInt8Keys4Values};
constexpr int32_t kLayers = 5, kKvHeads = 2, kPages = 20;
constexpr uint16_t kSpecial[] = {0x7c00, 0xfc00, 0x7e01, 0xfe00, 0x8000, 0x0001, 0x83ff, 0x7bff, 0xfbff};

// A pool of random halves: channels of their own sizes, some rows zero, and special values where they are asked for.
class Blocks {
 public:
  Blocks(int32_t head_dim, int32_t page_tokens, bool special, KvDtype dtype = KvDtype::kF16)
      : pool_(geometry_of(head_dim, page_tokens, dtype)), pages_(kPages) {
    Random random(static_cast<uint64_t>(head_dim * 7 + page_tokens));
    std::iota(pages_.begin(), pages_.end(), 0);
    for (size_t i = pages_.size(); i > 1; --i) std::swap(pages_[i - 1], pages_[random.below(i)]);
    const PoolGeometry& g = pool_.geometry();
    auto* halves = static_cast<uint16_t*>(pool_.data());
    const int64_t rows = g.pool_bytes() / g.row_bytes();
    for (int64_t row = 0; row < rows; ++row)
      for (int32_t i = 0; i < head_dim; ++i) {
        uint16_t& half = halves[row * g.row_dim() + i];
        // Any exponent from 2^-7 to 2^4, sign and fraction.
        half = static_cast<uint16_t>(random.below(2) << 15 | (8 + (i * 5) % 12) << 10 | random.below(1024));
        if (row % 13 == 0 || i == 3) half = static_cast<uint16_t>(half & 0x8000);
        if (special && random.below(9) == 0) half = kSpecial[random.below(std::size(kSpecial))];
      }
  }

  BlockPlace place(const std::vector<int32_t>& layers, int32_t first, int32_t tokens) const {
    return {pool_.geometry(), layers.data(), static_cast<int32_t>(layers.size()), 1, pages_.data(), first, tokens};
  }
  KvPool& pool() { return pool_; }
  std::vector<char> rows() {
    const char* data = static_cast<const char*>(pool_.data());
    return {data, data + pool_.geometry().pool_bytes()};
  }
  const std::vector<int32_t>& pages() const { return pages_; }

 private:
  static PoolGeometry geometry_of(int32_t head_dim, int32_t page_tokens, KvDtype dtype) {
    PoolGeometry g;
    g.layers = kLayers, g.kv_heads = kKvHeads, g.head_dim = head_dim;
    g.page_tokens = page_tokens, g.pages = kPages, g.dtype = dtype;
    return g;
  }
  KvPool pool_;
  std::vector<int32_t> pages_;
};

std::vector<uint8_t> encoded(const BlockPlace& place, BlockFormat format, const void* pool, Isa isa) {
  const auto size = static_cast<size_t>(block_bytes(place.geometry, format, place.layer_count, place.tokens));
  std::vector<uint8_t> bytes(size + 16, 0xa5);
  encode_block(place, format, pool, bytes.data(), isa);
  for (size_t i = size; i < bytes.size(); ++i) EXPECT_EQ(bytes[i], 0xa5) << "written behind the block";
  bytes.resize(size);
  return bytes;
}

double value(const BlockPlace& p, const void* pool, int32_t layer, int32_t what, int32_t token, int32_t i) {
  const int32_t position = p.first + token, page_tokens = p.geometry.page_tokens;
  const int64_t slot = static_cast<int64_t>(p.pages[position / page_tokens]) * page_tokens + position % page_tokens;
  return reference::pool_value(p.geometry, pool, p.layers[layer], slot, p.kv_head, what, i);
}

class StoredBlocks : public testing::TestWithParam<std::tuple<Isa, int32_t, int32_t>> {
 protected:
  void SetUp() override {
    if (!isa_available(isa_)) GTEST_SKIP() << "this CPU has no " << isa_name(isa_);
  }
  // Every format and some numbers of layers, from a place that straddles pages.
  template <class Check>
  void for_blocks(const BlockPlace& base, const Check& check) {
    for (const BlockFormat format : kFormats)
      for (const auto& layers : {std::vector<int32_t>{4}, {0, 1}, {1, 2, 3}, {4, 0, 3, 2}}) {
        SCOPED_TRACE("format " + std::to_string(static_cast<int>(format)) + ", layers " + std::to_string(layers.size()));
        BlockPlace place = base;
        place.layers = layers.data(), place.layer_count = static_cast<int32_t>(layers.size());
        check(place, format);
      }
  }

  const Isa isa_ = std::get<0>(GetParam());
  const int32_t head_dim_ = std::get<1>(GetParam()), tokens_ = std::get<2>(GetParam());
};

TEST_P(StoredBlocks, HaveTheReferencesBytesAndValues) {
  for (const bool special : {false, true}) {
    Blocks blocks(head_dim_, 16, special);
    const std::vector<char> before = blocks.rows();
    for_blocks(blocks.place({0}, 11, tokens_), [&](const BlockPlace& place, BlockFormat format) {
      const std::vector<uint8_t> bytes = encoded(place, format, blocks.pool().data(), isa_);
      ASSERT_EQ(bytes, reference::encoded_block(place, format, blocks.pool().data()));
      decode_block(place, format, bytes.data(), blocks.pool().data(), isa_);
      for (int32_t layer = 0; layer < place.layer_count; ++layer)
        for (int32_t what = 0; what < 2; ++what)
          for (int32_t t = 0; t < place.tokens; ++t)
            for (int32_t i = 0; i < head_dim_; ++i) {
              const float wanted = reference::decoded_value(place, format, bytes, layer, what, t, i);
              const double found = value(place, blocks.pool().data(), layer, what, t, i);
              if (format != BlockFormat::kF16) ASSERT_TRUE(std::isfinite(found));
              if (!std::isnan(wanted)) ASSERT_EQ(found, wanted) << layer << " " << what << " " << t << " " << i;
            }
      std::memcpy(blocks.pool().data(), before.data(), before.size());
    });
  }
}

TEST_P(StoredBlocks, AreOffByHalfAStepAtMost) {
  Blocks blocks(head_dim_, 16, false);
  const std::vector<char> before = blocks.rows();
  for_blocks(blocks.place({0}, 5, tokens_), [&](const BlockPlace& place, BlockFormat format) {
    const std::vector<uint8_t> bytes = encoded(place, format, blocks.pool().data(), isa_);
    decode_block(place, format, bytes.data(), blocks.pool().data(), isa_);
    for (int32_t layer = 0; layer < place.layer_count; ++layer)
      for (int32_t what = 0; what < 2; ++what)
        for (int32_t t = 0; t < place.tokens; ++t)
          for (int32_t i = 0; i < head_dim_; ++i) {
            double least = INFINITY, most = -INFINITY;
            const bool keys = what == 0;
            const bool four = format == BlockFormat::kInt4 || (format == BlockFormat::kInt8Keys4Values && !keys);
            const int32_t set = four ? i / 32 * 32 : 0, end = four ? std::min(set + 32, head_dim_) : head_dim_;
            for (int32_t j = 0; j < (keys ? place.tokens : end - set); ++j) {
              const double x = value(place, before.data(), layer, what, keys ? j : t, keys ? i : set + j);
              least = std::min(least, x), most = std::max(most, x);
            }
            if (!keys && end > head_dim_ - 1) least = std::min(least, 0.0), most = std::max(most, 0.0);  // padding
            const double step = four ? (most - least) / 15 : std::max(most, -least) / 127;
            // Half a step, the scale's rounding at the far end, and that of the result to a half.
            const double most_off = format == BlockFormat::kF16
                                        ? 0
                                        : step * 0.5 + std::max(most, -least) * 0x1p-10 + 0x1p-20;
            ASSERT_NEAR(value(place, blocks.pool().data(), layer, what, t, i),
                        value(place, before.data(), layer, what, t, i), most_off);
          }
    std::memcpy(blocks.pool().data(), before.data(), before.size());
  });
}

TEST_P(StoredBlocks, WriteNothingElseWhateverTheBytes) {
  Random random(5);
  Blocks blocks(head_dim_, 32, false);
  const std::vector<char> before = blocks.rows();
  for_blocks(blocks.place({0}, 30, tokens_), [&](const BlockPlace& place, BlockFormat format) {
    const PoolGeometry& g = place.geometry;
    std::vector<uint8_t> noise(static_cast<size_t>(block_bytes(g, format, place.layer_count, place.tokens)));
    for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random.next());
    decode_block(place, format, noise.data(), blocks.pool().data(), isa_);
    // Putting the block's rows back must leave the pool as it was; its padding is zero already.
    for (int32_t layer = 0; layer < place.layer_count; ++layer)
      for (int32_t t = 0; t < place.tokens; ++t)
        for (int32_t what = 0; what < 2; ++what) {
          const int32_t position = place.first + t;
          const int64_t slot = static_cast<int64_t>(place.pages[position / 32]) * 32 + position % 32;
          const int64_t row = g.key_row_offset(place.layers[layer], slot, place.kv_head) + what * g.value_offset();
          std::memcpy(static_cast<char*>(blocks.pool().data()) + row, before.data() + row,
                      static_cast<size_t>(2 * g.head_dim));
        }
    ASSERT_EQ(std::memcmp(blocks.pool().data(), before.data(), before.size()), 0);
  });
}

INSTANTIATE_TEST_SUITE_P(Grid, StoredBlocks,
                         testing::Combine(testing::ValuesIn(kEveryIsa), testing::Values(64, 72, 80, 96, 128, 256),
                                          testing::Values(1, 5, 16, 31, 64)),
                         [](const auto& info) {
                           return std::string(isa_name(std::get<0>(info.param))) + "_dim" +
                                  std::to_string(std::get<1>(info.param)) + "_tokens" +
                                  std::to_string(std::get<2>(info.param));
                         });

TEST(StoredBlockBytes, AreThoseOfTheLayout) {
  PoolGeometry g;
  g.layers = 30, g.kv_heads = 3, g.head_dim = 64, g.page_tokens = 32, g.pages = 1, g.dtype = KvDtype::kF16;
  EXPECT_EQ(block_bytes(g, BlockFormat::kF16, 3, 16), 3 * 2 * 16 * 128);
  EXPECT_EQ(block_bytes(g, BlockFormat::kInt8, 3, 16), 3 * (128 + 1024 + 32 + 1024));
  EXPECT_EQ(block_bytes(g, BlockFormat::kInt4, 3, 16), 3 * (256 + 512 + 16 * 2 * 4 + 512));
  EXPECT_EQ(block_bytes(g, BlockFormat::kInt8Keys4Values, 3, 16), 3 * (128 + 1024 + 16 * 2 * 4 + 512));
}

}  // namespace
}  // namespace contexture
