// Stored blocks through the C interface: what it refuses and with which words.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "capi/contexture.h"
#include "capi/kv_pool.h"

namespace contexture {
namespace {

constexpr int32_t kInt8 = 1;

// A good request, of which each test spoils one thing.
struct Request {
  int64_t pool = 0;
  int32_t format = kInt8;
  std::vector<int32_t> layers{0, 1};
  int32_t kv_head = 1;
  std::vector<int32_t> pages{3, 1};
  int32_t first = 10, tokens = 16;
  std::vector<uint16_t> room = std::vector<uint16_t>(1 << 14);
  int64_t bytes = 2 * (2 * 64 + 16 * 64 + 2 * 16 + 16 * 64);
  int64_t address = 0;

  int32_t encode() {
    return ctx_block_encode(pool, format, static_cast<int32_t>(layers.size()), layers.data(), kv_head,
                            static_cast<int32_t>(pages.size()), pages.data(), first, tokens,
                            reinterpret_cast<char*>(room.data()) + address, bytes);
  }
  int32_t decode() {
    return ctx_block_decode(pool, format, static_cast<int32_t>(layers.size()), layers.data(), kv_head,
                            static_cast<int32_t>(pages.size()), pages.data(), first, tokens,
                            reinterpret_cast<char*>(room.data()) + address, bytes);
  }
};

class BlockCalls : public testing::Test {
 protected:
  BlockCalls() { request_.pool = pool_; }
  ~BlockCalls() override { EXPECT_EQ(ctx_pool_destroy(pool_), CTX_OK); }
  void expect_refused(const std::string& words) {
    for (const int32_t code : {request_.encode(), request_.decode()}) {
      EXPECT_EQ(code, CTX_INVALID_ARGUMENT);
      EXPECT_NE(std::string(ctx_last_error()).find(words), std::string::npos) << ctx_last_error();
    }
  }

  const int64_t pool_ = ctx_pool_create(2, 2, 64, 16, 4, 1);
  Request request_;
};

TEST_F(BlockCalls, BringABlockToOtherPages) {
  auto pool = PoolRegistry::instance().find(pool_);
  auto* halves = static_cast<uint16_t*>(pool->data());
  const int64_t count = pool->geometry().pool_bytes() / 2;
  for (int64_t i = 0; i < count; ++i) halves[i] = static_cast<uint16_t>(0x3000 + i % 0x800);
  request_.format = 0, request_.bytes = 2 * 2 * 16 * 64 * 2;
  ASSERT_EQ(request_.bytes, ctx_block_bytes(pool_, 0, 2, 16));
  ASSERT_EQ(request_.encode(), CTX_OK);
  request_.pages = {0, 2};
  ASSERT_EQ(request_.decode(), CTX_OK);
  float from[64], to[64];
  for (int32_t what = 0; what < 2; ++what)
    for (int32_t t = 10; t < 26; ++t) {
      ASSERT_EQ(ctx_pool_read(pool_, 1, t < 16 ? 3 : 1, t % 16, 1, what, from), CTX_OK);
      ASSERT_EQ(ctx_pool_read(pool_, 1, t < 16 ? 0 : 2, t % 16, 1, what, to), CTX_OK);
      for (int32_t i = 0; i < 64; ++i) ASSERT_EQ(from[i], to[i]);
    }
}

TEST_F(BlockCalls, AreGoodAtFirst) {
  EXPECT_EQ(request_.encode(), CTX_OK);
  EXPECT_EQ(request_.decode(), CTX_OK);
}
TEST_F(BlockCalls, RefuseAnUnknownFormat) {
  request_.format = 4;
  expect_refused("format is 4; it must be in 0..3");
}
TEST_F(BlockCalls, RefuseNoLayers) {
  request_.layers.clear();
  expect_refused("layer_count is 0");
}
TEST_F(BlockCalls, RefuseAnUnknownLayer) {
  request_.layers[1] = 2;
  expect_refused("layers[1] is 2; it must be in 0..1");
}
TEST_F(BlockCalls, RefuseAnUnknownHead) {
  request_.kv_head = -1;
  expect_refused("kv_head is -1");
}
TEST_F(BlockCalls, RefuseAnUnknownPage) {
  request_.pages[0] = 4;
  expect_refused("pages[0] is 4; it must be in 0..3");
}
TEST_F(BlockCalls, RefuseTooManyTokens) {
  request_.tokens = 257;
  expect_refused("tokens is 257; it must be in 1..256");
}
TEST_F(BlockCalls, RefusePositionsBehindThePages) {
  request_.first = 17;
  expect_refused("positions 17 to 33; the pages hold those below 32");
  request_.first = 2147483647;
  expect_refused("the pages hold those below 32");
  request_.first = -1;
  expect_refused("positions -1 to 15");
}
TEST_F(BlockCalls, RefuseAnotherSize) {
  request_.bytes += 1;
  expect_refused("the block has 4417 bytes; it must have 4416");
}
TEST_F(BlockCalls, RefuseAnOddAddress) {
  request_.address = 1;
  expect_refused("odd address");
}
TEST_F(BlockCalls, RefusePoolsOfFloats) {
  request_.pool = ctx_pool_create(2, 2, 64, 16, 4, 0);
  expect_refused("the pool is of f32");
  EXPECT_EQ(ctx_block_bytes(request_.pool, 0, 1, 1), 0);
  EXPECT_EQ(ctx_pool_destroy(request_.pool), CTX_OK);
}
TEST_F(BlockCalls, RefuseAPoolThatIsGone) {
  EXPECT_EQ(ctx_block_bytes(-1, 0, 1, 1), 0);
  request_.pool = -1;
  EXPECT_EQ(request_.encode(), CTX_UNKNOWN_POOL);
  EXPECT_EQ(request_.decode(), CTX_UNKNOWN_POOL);
}

}  // namespace
}  // namespace contexture
