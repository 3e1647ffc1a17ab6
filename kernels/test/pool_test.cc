#include "pool.h"

#include <gtest/gtest.h>

#include <functional>

namespace contexture {
namespace {

KvLayout layout(int pages) { return {1, 1, 16, 8, pages, KvType::kF16}; }

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Refused& e) {
    return e.what();
  }
  return "accepted";
}

TEST(Pool, RefusesBadGeometryWithTheValue) {
  EXPECT_EQ(refusal([] { Pool({1, 1, 16, 24, 4, KvType::kF16}); }),
            "page_tokens must be 8, 16, 32, 64 or 128 but is 24");
  EXPECT_EQ(refusal([] { Pool({1, 1, 15, 16, 4, KvType::kF16}); }), "head_dim must be even and at most 512 but is 15");
  EXPECT_EQ(refusal([] { Pool({0, 1, 16, 16, 4, KvType::kF16}); }), "layers must be positive but is 0");
  EXPECT_EQ(refusal([] { Pool({1, 1, 16, 16, 4, static_cast<KvType>(7)}); }), "dtype must be 0 (f32) or 1 (f16) but is 7");
}

TEST(Pool, RefusesStepsThatDoNotFit) {
  Pool pool(layout(4));
  const auto step = [&](int query, int context, std::vector<int32_t> pages) {
    const int32_t offsets[] = {0, int32_t(pages.size())};
    return refusal([&] { pool.set_step(1, &query, &context, offsets, pages.data()); });
  };
  EXPECT_EQ(step(3, 7, {0, 1}), "accepted");
  EXPECT_EQ(step(3, 7, {0}), "sequence 0 of the step has 1 pages, its 10 tokens need 2");
  EXPECT_EQ(step(1, 0, {4}), "sequence 0 of the step names page 4 of a pool with 4");
  EXPECT_EQ(step(1, 0, {-1}), "sequence 0 of the step names page -1 of a pool with 4");
  EXPECT_EQ(step(0, 0, {1}), "sequence 0 of the step has 0 new tokens, at least 1 is needed");
  EXPECT_EQ(step(1, -1, {1}), "sequence 0 of the step has a negative context length");
}

TEST(Pool, AStaleIdIsAnErrorAndNoCrash) {
  const int64_t id = register_pool(std::make_shared<Pool>(layout(4)));
  EXPECT_EQ(find_pool(id)->layout().pages, 4);
  remove_pool(id);
  EXPECT_EQ(refusal([&] { find_pool(id); }), "there is no KV pool with id " + std::to_string(id));
  EXPECT_EQ(refusal([&] { remove_pool(id); }), "there is no KV pool with id " + std::to_string(id));
}

}  // namespace
}  // namespace contexture
