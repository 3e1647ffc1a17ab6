// Stored blocks of a device's pools: the bytes that the codec makes of the same rows in host memory, and back.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "capi/contexture.h"
#include "cuda/device_pool.h"
#include "cuda/key_pool.h"
#include "cuda/stored_rows.h"
#include "cuda/test/support.h"

namespace contexture {
namespace cuda {
namespace {

using Ints = std::vector<int32_t>;

TEST(StoredWordsHost, HaveTheValuesIAndIPlusFourInAByte) {
  EXPECT_EQ(stored_word(0x87654321), 0x84736251u);
  EXPECT_EQ(pool_word(0x84736251), 0x87654321u);
  for (uint32_t word = 1, turn = 0; turn < 1000; ++turn, word = word * 1664525 + 1013904223) {
    EXPECT_EQ(pool_word(stored_word(word)), word);
    EXPECT_EQ(stored_word(pool_word(word)), word);
  }
}

TEST(BlockPagesHost, AreThoseThatTheTokensLieOn) {
  const Ints pages{9, 8, 7, 6, 5};
  const BlockPages block(pages.data(), 19, 14, 8);
  EXPECT_EQ(block.first, 3);
  EXPECT_EQ(block.tokens, 14);
  EXPECT_EQ(Ints(block.pages, block.pages + 4), (Ints{7, 6, 5, 0}));
  const Ints many(kMostBlockPages, 4);
  const BlockPages longest(many.data(), 7, kMaxBlockTokens, kLeastPageTokens);
  EXPECT_EQ(longest.pages[kMostBlockPages - 1], 4);
}

// A block of a pool, and what a call makes of it.
struct Block {
  Ints layers, pages;
  int32_t kv_head = 1, first = 0, tokens = 1;

  BlockPlace place(const PoolGeometry& g) const {
    return {g, layers.data(), static_cast<int32_t>(layers.size()), kv_head, pages.data(), first, tokens};
  }
  int32_t encode(int64_t pool, int32_t format, std::vector<char>& bytes) const {
    return ctx_block_encode(pool, format, static_cast<int32_t>(layers.size()), layers.data(), kv_head,
                            static_cast<int32_t>(pages.size()), pages.data(), first, tokens, bytes.data(),
                            static_cast<int64_t>(bytes.size()));
  }
  int32_t decode(int64_t pool, int32_t format, const std::vector<char>& bytes) const {
    return ctx_block_decode(pool, format, static_cast<int32_t>(layers.size()), layers.data(), kv_head,
                            static_cast<int32_t>(pages.size()), pages.data(), first, tokens, bytes.data(),
                            static_cast<int64_t>(bytes.size()));
  }
};

// A pool on the device and the same bytes in host memory.
class Mirrored {
 public:
  explicit Mirrored(int64_t id) : id_(id), pool_(DevicePoolRegistry::instance().find(id)), geometry_(pool_->geometry()) {}

  // Halves of all kinds on these pages, numbers or not.
  void fill(const Ints& pages) {
    // The pool does not see what is written past it.
    ASSERT_EQ(ctx_pool_copy(id_, 0, 1, 1), CTX_OK) << ctx_last_error();
    for (int32_t layer = 0; layer < geometry_.layers; ++layer)
      for (const int32_t page : pages) {
        std::vector<uint16_t> halves(static_cast<size_t>(geometry_.page_bytes()) / 2);
        for (uint16_t& half : halves) half = static_cast<uint16_t>(random_.below(1 << 16));
        std::memcpy(mirror(layer, page), halves.data(), static_cast<size_t>(geometry_.page_bytes()));
        check(cudaMemcpy(device(layer, page), halves.data(), static_cast<size_t>(geometry_.page_bytes()), cudaMemcpyDefault),
              "cudaMemcpy");
      }
  }

  // What the device stores is what the codec makes of the mirror; what it brings to `to` is what the codec does.
  void expect_moves(const Block& from, const Block& to, int32_t format) {
    const auto layers = static_cast<int32_t>(from.layers.size());
    std::vector<char> bytes(static_cast<size_t>(ctx_block_bytes(id_, format, layers, from.tokens))), expected(bytes.size());
    ASSERT_GT(bytes.size(), 0u) << ctx_last_error();
    const auto kind = static_cast<BlockFormat>(format);
    encode_block(from.place(geometry_), kind, host_.data(), expected.data(), active_isa());
    ASSERT_EQ(from.encode(id_, format, bytes), CTX_OK) << ctx_last_error();
    ASSERT_EQ(bytes, expected);
    decode_block(to.place(geometry_), kind, bytes.data(), host_.data(), active_isa());
    ASSERT_EQ(to.decode(id_, format, bytes), CTX_OK) << ctx_last_error();
  }

  void expect_same(const Ints& pages) {
    pool_->settle();
    std::vector<char> bytes(static_cast<size_t>(geometry_.page_bytes()));
    for (int32_t layer = 0; layer < geometry_.layers; ++layer)
      for (const int32_t page : pages) {
        check(cudaMemcpy(bytes.data(), device(layer, page), bytes.size(), cudaMemcpyDefault), "cudaMemcpy");
        ASSERT_EQ(std::memcmp(bytes.data(), mirror(layer, page), bytes.size()), 0) << "layer " << layer << ", page " << page;
      }
  }

  // A whole page, in both.
  void copy(int32_t from, int32_t to) {
    ASSERT_EQ(ctx_pool_copy(id_, from, to, geometry_.page_tokens), CTX_OK) << ctx_last_error();
    for (int32_t layer = 0; layer < geometry_.layers; ++layer)
      std::memcpy(mirror(layer, to), mirror(layer, from), static_cast<size_t>(geometry_.page_bytes()));
  }

  const PoolGeometry& geometry() const { return geometry_; }

 private:
  char* mirror(int32_t layer, int32_t page) {
    return host_.data() + layer * geometry_.layer_bytes() + page * geometry_.page_bytes();
  }
  char* device(int32_t layer, int32_t page) {
    return static_cast<char*>(pool_->layer(layer).pages) + page * geometry_.page_bytes();
  }

  const int64_t id_;
  const std::shared_ptr<DevicePool> pool_;
  const PoolGeometry geometry_;
  std::vector<char> host_ = std::vector<char>(static_cast<size_t>(geometry_.pool_bytes()));
  Random random_{29};
};

constexpr int32_t kFormats = 4;

Ints all(int32_t count) {
  Ints numbers(static_cast<size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

class StoredBlocksTest : public testing::TestWithParam<std::tuple<int32_t, int32_t>> {};

TEST_P(StoredBlocksTest, AreTheBytesOfTheSameRowsInHostMemory) {
  const auto [head_dim, page_tokens] = GetParam();
  constexpr int32_t kLayers = 5, kPages = 80;
  const int64_t id = ctx_pool_create(kLayers, 2, head_dim, page_tokens, kPages, 1);
  ASSERT_GT(id, 0) << ctx_last_error();
  {
    Mirrored pool(id);
    pool.fill(all(kPages));
    Random random(3);
    const Ints pages = shuffled_pages(random, kPages);
    const Ints from(pages.begin(), pages.begin() + 40), to(pages.begin() + 40, pages.end());
    for (int32_t format = 0; format < kFormats; ++format) {
      SCOPED_TRACE("format " + std::to_string(format));
      pool.expect_moves({{3}, from, 0, 0, 1}, {{3}, to, 0, 7, 1}, format);
      pool.expect_moves({{0, 1, 2, 3, 4}, from, 1, 5, 32}, {{0, 1, 2, 3, 4}, to, 1, 30, 32}, format);
      pool.expect_moves({{4, 2}, from, 1, 17, 33}, {{1, 2}, to, 0, 64, 33}, format);
      pool.expect_moves({{1, 4}, from, 0, 7, kMaxBlockTokens}, {{1, 4}, to, 1, 3, kMaxBlockTokens}, format);
    }
    pool.expect_same(all(kPages));
  }
  EXPECT_EQ(ctx_pool_destroy(id), CTX_OK);
}

INSTANTIATE_TEST_SUITE_P(Shapes, StoredBlocksTest,
                         testing::Combine(testing::Values(64, 80, 112, 128, 256), testing::Values(8, 16, 64)));

// Parts of a block are read together, and what comes back fills the staging memory several times.
TEST(StoredBlocks, AreReadAnewOnceTheirRowsHaveChanged) {
  constexpr int32_t kPages = 64, kTokens = 256;
  const int64_t id = ctx_pool_create(8, 2, 128, 16, kPages, 1);
  ASSERT_GT(id, 0) << ctx_last_error();
  {
    Mirrored pool(id);
    pool.fill(all(kPages));
    const Ints layers = all(8), one(layers.begin(), layers.begin() + 1);
    Ints first(16), second(16);
    std::iota(first.begin(), first.end(), 16);
    std::iota(second.begin(), second.end(), 40);
    ASSERT_GT(40 * static_cast<size_t>(8 * 2 * kTokens * 128 * 2), 4 * BlockStaging::kDecodedBytes);
    for (int32_t turn = 0; turn < 20; ++turn)
      for (const int32_t head : {0, 1}) {
        pool.expect_moves({layers, first, head, 0, kTokens}, {layers, second, 1 - head, 0, kTokens}, turn % kFormats);
        pool.expect_moves({one, second, head, 0, kTokens}, {one, first, head, 0, kTokens}, turn % kFormats);
      }
    pool.expect_same(all(kPages));
    pool.expect_moves({layers, first, 0, 0, 16}, {layers, second, 0, 16, 16}, 3);
    pool.copy(16, 17);
    pool.expect_moves({layers, first, 0, 16, 16}, {layers, second, 0, 16, 16}, 3);
    pool.copy(18, 17);
    pool.expect_moves({layers, first, 0, 16, 16}, {layers, second, 0, 32, 16}, 3);
    pool.expect_same(all(kPages));
  }
  EXPECT_EQ(ctx_pool_destroy(id), CTX_OK);
}

TEST(StoredBlocks, OfManyLayersTakeSeveralLaunches) {
  constexpr int32_t kLayers = 2 * kMostMovedLayers + 3;
  const int64_t id = ctx_pool_create(kLayers, 1, 64, 8, 8, 1);
  ASSERT_GT(id, 0) << ctx_last_error();
  {
    Mirrored pool(id);
    pool.fill(all(8));
    const Ints layers = all(kLayers);
    pool.expect_moves({layers, {3, 1, 2}, 0, 6, 18}, {layers, {7, 6, 5}, 0, 1, 18}, 3);
    pool.expect_same(all(8));
  }
  EXPECT_EQ(ctx_pool_destroy(id), CTX_OK);
}

TEST(StoredBlocks, AreRefusedInTheSameWordsAsInHostMemory) {
  const int64_t id = ctx_pool_create(2, 2, 64, 16, 4, 1);
  ASSERT_GT(id, 0) << ctx_last_error();
  const Block good{{0, 1}, {3, 1}, 1, 10, 16};
  std::vector<char> bytes(static_cast<size_t>(ctx_block_bytes(id, 1, 2, 16)));
  ASSERT_EQ(good.encode(id, 1, bytes), CTX_OK) << ctx_last_error();
  const auto expect_refused = [&](Block block, int32_t format, size_t count, const std::string& words) {
    std::vector<char> some(count);
    for (const int32_t code : {block.encode(id, format, some), block.decode(id, format, some)}) {
      EXPECT_EQ(code, CTX_INVALID_ARGUMENT);
      EXPECT_NE(std::string(ctx_last_error()).find(words), std::string::npos) << ctx_last_error();
    }
  };
  expect_refused(good, 4, bytes.size(), "format is 4");
  expect_refused(good, 1, bytes.size() + 1, "it must have");
  expect_refused({{0, 2}, {3, 1}, 1, 10, 16}, 1, bytes.size(), "layers[1] is 2");
  expect_refused({{0, 1}, {3, 4}, 1, 10, 16}, 1, bytes.size(), "pages[1] is 4");
  expect_refused({{0, 1}, {3, 1}, 2, 10, 16}, 1, bytes.size(), "kv_head is 2");
  expect_refused({{0, 1}, {3, 1}, 1, 17, 16}, 1, bytes.size(), "the pages hold those below 32");
  EXPECT_EQ(ctx_block_bytes(id, 1, 2, kMaxBlockTokens + 1), 0);
  EXPECT_EQ(ctx_pool_destroy(id), CTX_OK);
  EXPECT_EQ(good.encode(id, 1, bytes), CTX_UNKNOWN_POOL);
}

// Of four layers the last ones may leave.
TEST(StoredBlocks, GoToLayersWhereverTheyAre) {
  const int64_t id = ctx_pool_create_elastic(4, 2, 64, 16, 1024, 1, 16 << 20, 24 << 20, 3, 4, 64);
  ASSERT_GT(id, 0) << ctx_last_error();
  {
    Mirrored pool(id);
    const Ints used{0, 5, 300, 511}, more{0, 5, 300, 511, 700}, layers{0, 1, 2, 3};
    const Block from{layers, {511, 5}, 1, 9, 23}, to{layers, {300, 0}, 0, 1, 23}, far{layers, {0, 700}, 1, 14, 10};
    pool.fill(used);
    pool.expect_moves(from, to, 3);
    pool.expect_same(used);
    std::vector<char> bytes(static_cast<size_t>(ctx_block_bytes(id, 0, 4, far.tokens)));
    EXPECT_EQ(far.encode(id, 0, bytes), CTX_INVALID_ARGUMENT);
    EXPECT_NE(std::string(ctx_last_error()).find("page 700 has no memory while 0 layers are in host memory"),
              std::string::npos)
        << ctx_last_error();
    EXPECT_EQ(far.decode(id, 0, bytes), CTX_INVALID_ARGUMENT);

    ASSERT_EQ(ctx_pool_place(id, 2, 4, used.data()), CTX_OK) << ctx_last_error();
    pool.fill({700});
    for (int32_t format = 0; format < kFormats; ++format) {
      SCOPED_TRACE("format " + std::to_string(format));
      pool.expect_moves(from, {layers, {5, 0}, 0, 3, 23}, format);
      pool.expect_moves({layers, {511, 5}, 0, 9, 10}, far, format);
      pool.expect_moves({{3, 0}, {0, 700}, 1, 16, 16}, {{2, 1}, {300}, 0, 0, 16}, format);
    }
    pool.expect_same(more);
    ASSERT_EQ(ctx_pool_place(id, 0, 4, used.data()), CTX_OK) << ctx_last_error();
    pool.expect_same(used);
    pool.expect_moves(from, to, 1);
    pool.expect_same(used);
  }
  EXPECT_EQ(ctx_pool_destroy(id), CTX_OK);
}

class StoredKeysTest : public testing::TestWithParam<int32_t> {
 protected:
  static constexpr int32_t kGroups = 2, kKvHeads = 3, kLists = kGroups * kKvHeads, kPageTokens = 16, kPages = 12;

  StoredKeysTest() : rotary_(64, GetParam()) {}
  void SetUp() override {
    id_ = ctx_retrieval_create(kGroups, kKvHeads, kKvHeads, GetParam(), kPageTokens, kPages, 64, rotary_.cos.data(),
                               rotary_.sin.data());
    ASSERT_GT(id_, 0) << ctx_last_error();
  }
  void TearDown() override { EXPECT_EQ(ctx_retrieval_destroy(id_), CTX_OK); }

  int32_t stored_row_dim() const { return (GetParam() + 15) / 16 * 16; }
  size_t key_bytes() const { return static_cast<size_t>(stored_row_dim() / 2 + 4); }

  std::vector<char> read(const Ints& pages, int32_t first, int32_t tokens) {
    std::vector<char> bytes(static_cast<size_t>(tokens) * kLists * key_bytes());
    EXPECT_EQ(ctx_retrieval_keys_bytes(id_, tokens), static_cast<int64_t>(bytes.size()));
    EXPECT_EQ(ctx_retrieval_keys_read(id_, static_cast<int32_t>(pages.size()), pages.data(), first, tokens, bytes.data(),
                                      static_cast<int64_t>(bytes.size())),
              CTX_OK)
        << ctx_last_error();
    return bytes;
  }
  void write(const Ints& pages, int32_t first, int32_t tokens, const std::vector<char>& bytes) {
    ASSERT_EQ(ctx_retrieval_keys_write(id_, static_cast<int32_t>(pages.size()), pages.data(), first, tokens, bytes.data(),
                                       static_cast<int64_t>(bytes.size())),
              CTX_OK)
        << ctx_last_error();
  }

  const Rotary rotary_;
  int64_t id_ = 0;
  Random random_{31};
};

// At position 0 nothing turns, and whole numbers up to 7 are their own steps.
TEST_P(StoredKeysTest, AreLaidAsThePoolForCpusStoresThem) {
  const int32_t dim = GetParam(), position = 0;
  const int64_t slot = 5 * kPageTokens + 3;
  std::vector<float> keys(static_cast<size_t>(kLists) * dim);
  for (size_t i = 0; i < keys.size(); ++i) keys[i] = i % dim == 1 ? 7.0f : static_cast<float>(random_.below(15)) - 7.0f;
  const DeviceBuffer<float> device(keys);
  ASSERT_EQ(ctx_retrieval_append_set(id_, 1, &position, &slot), CTX_OK) << ctx_last_error();
  DeviceKeyPoolRegistry::instance().find(id_)->append(device.data(), 1, nullptr);
  check(cudaDeviceSynchronize(), "append");
  const std::vector<char> bytes = read({2, 5}, kPageTokens + 3, 1);
  for (int32_t list = 0; list < kLists; ++list) {
    const char* key = bytes.data() + list * key_bytes();
    const auto step = [&](int32_t i) { return i < dim ? static_cast<int32_t>(keys[list * dim + i]) + 8 : 8; };
    for (int32_t i = 0; i < stored_row_dim() / 2; ++i) {
      const int32_t value = i / 4 * 8 + i % 4;
      ASSERT_EQ(static_cast<uint8_t>(key[i]), step(value) | step(value + 4) << 4) << "list " << list << ", byte " << i;
    }
    float scale = 0;
    std::memcpy(&scale, key + stored_row_dim() / 2, sizeof scale);
    ASSERT_EQ(scale, 1.0f);
  }
}

TEST_P(StoredKeysTest, ComeBackWhereverInAPageTheyLie) {
  const int32_t tokens = 37;
  std::vector<char> bytes(static_cast<size_t>(tokens) * kLists * key_bytes());
  for (char& byte : bytes) byte = static_cast<char>(random_.below(256));
  for (size_t key = 0; key < bytes.size() / key_bytes(); ++key) {
    const float scale = key % 7 == 3 ? -1.0f : 0.5f + static_cast<float>(key);
    std::memcpy(&bytes[(key + 1) * key_bytes() - 4], &scale, sizeof scale);
  }
  write({3, 9, 1, 0}, 5, tokens, bytes);
  for (size_t key = 0; key < bytes.size() / key_bytes(); ++key)
    if (key % 7 == 3) std::memset(&bytes[(key + 1) * key_bytes() - 4], 0, 4);  // no scale is below 0
  EXPECT_EQ(read({3, 9, 1, 0}, 5, tokens), bytes);
  EXPECT_EQ(read({3}, 0, 5), std::vector<char>(static_cast<size_t>(5 * kLists) * key_bytes(), 0)) << "left alone";
  write({11, 2, 7}, 11, tokens, bytes);
  EXPECT_EQ(read({11, 2, 7}, 11, tokens), bytes);
  EXPECT_EQ(read({9, 1}, 0, 20), std::vector<char>(bytes.begin() + 11 * kLists * key_bytes(),
                                                    bytes.begin() + 31 * kLists * key_bytes()));
}

TEST_P(StoredKeysTest, AreRefusedWhereTheyDoNotFit) {
  std::vector<char> bytes(20 * kLists * key_bytes());
  const auto count = static_cast<int64_t>(bytes.size());
  const Ints pages{3, 1}, outside{3, kPages};
  EXPECT_EQ(ctx_retrieval_keys_read(id_, 2, pages.data(), 13, 20, bytes.data(), count), CTX_INVALID_ARGUMENT);
  EXPECT_EQ(ctx_retrieval_keys_write(id_, 2, outside.data(), 0, 20, bytes.data(), count), CTX_INVALID_ARGUMENT);
  EXPECT_EQ(ctx_retrieval_keys_write(id_, 2, pages.data(), 0, 20, bytes.data(), count - 1), CTX_INVALID_ARGUMENT);
  EXPECT_EQ(ctx_retrieval_keys_bytes(id_, kMaxBlockTokens + 1), 0);
}

INSTANTIATE_TEST_SUITE_P(Shapes, StoredKeysTest, testing::Values(48, 64, 80, 128));

}  // namespace
}  // namespace cuda
}  // namespace contexture
