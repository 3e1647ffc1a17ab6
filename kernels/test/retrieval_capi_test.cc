// The C interface of selections: what it refuses and with which words.
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "capi/contexture.h"

namespace contexture {
namespace {

void expect_refused(int32_t code, const std::string& words) {
  EXPECT_EQ(code, CTX_INVALID_ARGUMENT);
  EXPECT_NE(std::string(ctx_last_error()).find(words), std::string::npos)
      << "said: " << ctx_last_error() << "\nwanted: " << words;
}

class StepSelect : public testing::Test {
 protected:
  void SetUp() override {
    const int32_t query[] = {1, 3}, context[] = {20, 0}, offsets[] = {0, 2, 3}, pages[] = {3, 1, 0};
    ASSERT_EQ(ctx_step_set(id_, 2, query, context, offsets, pages), CTX_OK);
  }
  void TearDown() override { EXPECT_EQ(ctx_pool_destroy(id_), CTX_OK); }

  int32_t select(int32_t sequence, const std::vector<int32_t>& positions, int32_t kv_heads = 1, int32_t groups = 1,
                 int32_t last_group = 0, int32_t dense = 0) const {
    const int32_t group_of_layer[] = {0, last_group};
    std::vector<int32_t> counts(static_cast<size_t>(groups * kv_heads), static_cast<int32_t>(positions.size()));
    std::vector<int32_t> all;
    for (size_t i = 0; i < counts.size(); ++i) all.insert(all.end(), positions.begin(), positions.end());
    return ctx_step_select(id_, groups, group_of_layer, 1, &sequence, kv_heads,
                           static_cast<int32_t>(positions.size()), counts.data(), all.data(), dense);
  }

  int64_t id_ = ctx_pool_create(2, 3, 64, 16, 6, 1);
};

TEST_F(StepSelect, TakesListsThatEndWithTheRow) {
  EXPECT_EQ(select(0, {0, 7, 20}), CTX_OK);
  EXPECT_EQ(select(0, {20}, 3, 2, 1, 1), CTX_OK);
}

TEST_F(StepSelect, RefusesWhatDoesNotFitTheStep) {
  expect_refused(select(1, {2}), "a list holds position 2; it must lie before the chunk, which begins at 0");
  expect_refused(select(2, {20}), "sequences[0] is 2; it must be in 0..1");
  expect_refused(select(0, {0, 19}), "the last position of a list is 19; it must be the row's own, 20");
  expect_refused(select(0, {0, 21}), "the last position of a list is 21");
  expect_refused(select(0, {5, 5, 20}), "position 5 follows 5; they must ascend from 0");
  expect_refused(select(0, {-1, 20}), "position -1 follows -1; they must ascend from 0");
  expect_refused(select(0, {20}, 2), "kv_heads is 2; it must be 1 or the pool's 3");
  expect_refused(select(0, {20}, 1, 1, 1), "group_of_layer[1] is 1; it must be in 0..0");
  expect_refused(select(0, {20}, 1, 1, 0, -1), "first_dense_layers is -1");
  expect_refused(select(0, {20}, 1, 3), "groups is 3; it must be in 1..2");
  const int32_t zero = 0;
  expect_refused(ctx_step_select(id_, 1, nullptr, 1, &zero, 1, 1, &zero, &zero, 0), "a table of the selection is null");
}

TEST_F(StepSelect, NeedsAStep) {
  const int64_t fresh = ctx_pool_create(2, 3, 64, 16, 6, 1);
  const int32_t zero[] = {0, 0}, one = 1;
  expect_refused(ctx_step_select(fresh, 1, zero, 1, zero, 1, 1, &one, zero, 0), "the pool has no step");
  EXPECT_EQ(ctx_pool_destroy(fresh), CTX_OK);
}

TEST_F(StepSelect, CopiesWholePagesOnly) {
  EXPECT_EQ(ctx_pool_copy(id_, 0, 5, 16), CTX_OK);
  EXPECT_EQ(ctx_pool_copy(id_, 0, 0, 3), CTX_OK);
  expect_refused(ctx_pool_copy(id_, 6, 0, 1), "from is 6; it must be in 0..5");
  expect_refused(ctx_pool_copy(id_, 0, -1, 1), "to is -1; it must be in 0..5");
  expect_refused(ctx_pool_copy(id_, 0, 1, 17), "slots is 17; it must be in 0..16");
  EXPECT_EQ(ctx_pool_copy(999999, 0, 1, 1), CTX_UNKNOWN_POOL);
}

class Retrieval : public testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(ctx_retrieval_destroy(id_), CTX_OK); }

  int32_t select(int32_t position, const std::vector<int32_t>& rule, const std::vector<int32_t>& pages = {0, 1},
                 const std::vector<int32_t>& ends = {}, int32_t queries = 1, int32_t query_ahead = 0) const {
    const int32_t page_offsets[] = {0, static_cast<int32_t>(pages.size())}, query_offsets[] = {0, queries};
    const int32_t query_positions[] = {position + query_ahead, position + query_ahead};
    const int32_t block_offsets[] = {0, static_cast<int32_t>(ends.size())};
    const std::vector<int32_t> some_ends = ends.empty() ? std::vector<int32_t>{0} : ends;
    return ctx_retrieval_select_set(id_, 1, &position, query_offsets, query_positions, page_offsets, pages.data(), rule.data(), block_offsets,
                                    some_ends.data());
  }

  const std::vector<float> angles_ = std::vector<float>(64 * 16, 0.5f);
  const std::vector<int32_t> rule_ = {0, 10, 2, 4, 20, 0, 0, 0};
  int64_t id_ = ctx_retrieval_create(2, 1, 3, 32, 16, 4, 64, angles_.data(), angles_.data());
};

TEST_F(Retrieval, HasBytesForKeysAndScales) {
  EXPECT_EQ(ctx_retrieval_bytes(id_), 4 * 2 * 16 * (16 + 4));
  EXPECT_EQ(ctx_retrieval_bytes(999999), 0);
}

TEST_F(Retrieval, RefusesBadShapes) {
  const float* a = angles_.data();
  EXPECT_EQ(ctx_retrieval_create(2, 2, 3, 32, 16, 4, 64, a, a), 0);
  EXPECT_NE(std::string(ctx_last_error()).find("query_heads is 3; it must be a multiple of kv_heads, 2"),
            std::string::npos);
  EXPECT_EQ(ctx_retrieval_create(2, 1, 3, 33, 16, 4, 64, a, a), 0);
  EXPECT_EQ(ctx_retrieval_create(0, 1, 3, 32, 16, 4, 64, a, a), 0);
  EXPECT_EQ(ctx_retrieval_create(2, 1, 3, 32, 12, 4, 64, a, a), 0);
  EXPECT_EQ(ctx_retrieval_create(2, 1, 3, 32, 16, 4, 64, nullptr, a), 0);
}

TEST_F(Retrieval, RefusesRowsOutsideThePool) {
  const int32_t positions[] = {3, 64};
  const int64_t slots[] = {0, 64};
  expect_refused(ctx_retrieval_append_set(id_, 2, positions, slots), "position of row 1 is 64; it must be in 0..63");
  const int32_t sound[] = {3, 4};
  expect_refused(ctx_retrieval_append_set(id_, 2, sound, slots), "slot of row 1 is 64; it must be in 0..63");
  expect_refused(ctx_retrieval_append_set(id_, 0, sound, slots), "rows is 0");
}

TEST_F(Retrieval, RefusesRulesAndTablesThatDoNotFit) {
  EXPECT_EQ(select(20, rule_), CTX_OK);
  EXPECT_EQ(ctx_selection_stride(id_), 10);
  expect_refused(select(20, {3, 10, 2, 4, 20, 0, 0, 0}), "row 0: unit is 3");
  expect_refused(select(20, {0, 5, 2, 4, 20, 0, 0, 0}), "budget is 5; it must hold sink 2 and recent 4");
  expect_refused(select(20, {0, 10, 2, 0, 20, 0, 0, 0}), "sink is 2 and recent 0");
  expect_refused(select(20, {0, 10, 2, 4, 20, 2, 0, 0}), "row 0: heads is 2");
  expect_refused(select(20, {0, 10, 2, 4, 20, 0, 3, 0}), "row 0: pooling is 3");
  expect_refused(select(64, rule_), "row 0: position is 64");
  expect_refused(select(32, rule_), "row 0 has 2 pages of 16 tokens; position 32 needs more");
  expect_refused(select(20, rule_, {0, 4}), "row 0: a page is 4; it must be in 0..3");
  expect_refused(select(20, rule_, {0, 1}, {5, 5}), "a block ends at 5 behind 5; block ends must ascend");
  EXPECT_EQ(select(20, rule_, {0, 1}, {}, 2, 43), CTX_OK);
  expect_refused(select(20, rule_, {0, 1}, {}, 2, 44), "row 0: a query's position is 64; it must be in 0..63");
  expect_refused(select(20, rule_, {0, 1}, {}, 1, -1), "a query stands at 19, before position 20");
  expect_refused(select(20, rule_, {0, 1}, {}, 0), "row 0: queries is 0");
  EXPECT_EQ(ctx_selection_stride(id_), 10) << "a refused description leaves the last one";
}

TEST_F(Retrieval, NamesTheRowThatDoesNotFit) {
  const int32_t positions[] = {20, 20}, offsets[] = {0, 1, 2}, queries[] = {20, 64}, page_offsets[] = {0, 2, 4};
  const int32_t no_blocks[] = {0, 0, 0}, pages[] = {0, 1, 2, 4};
  std::vector<int32_t> rules = rule_;
  rules.insert(rules.end(), rule_.begin(), rule_.end());
  const auto select_two = [&](const int32_t* query_positions) {
    return ctx_retrieval_select_set(id_, 2, positions, offsets, query_positions, page_offsets, pages, rules.data(),
                                    no_blocks, no_blocks);
  };
  expect_refused(select_two(queries), "row 1: a query's position is 64; it must be in 0..63");
  expect_refused(select_two(positions), "row 1: a page is 4; it must be in 0..3");
  rules[8] = 3;
  expect_refused(select_two(positions), "row 1: unit is 3; it must be in 0..2");
}

TEST_F(Retrieval, CopiesWithinItsPages) {
  EXPECT_EQ(ctx_retrieval_copy(id_, 0, 3, 16), CTX_OK);
  expect_refused(ctx_retrieval_copy(id_, 0, 4, 16), "to is 4; it must be in 0..3");
  EXPECT_EQ(ctx_retrieval_copy(999999, 0, 1, 1), CTX_UNKNOWN_POOL);
}

// 2 lists of keys of 32 values of 4 bits, and a scale each.
constexpr int64_t kKeyBytes = 2 * (16 + 4);

std::vector<char> some_keys(int32_t tokens) {
  std::vector<char> bytes(static_cast<size_t>(tokens * kKeyBytes));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(17 * i + 3);
  for (int32_t key = 0; key < 2 * tokens; ++key) {
    const float scale = 0.5f + static_cast<float>(key);
    std::memcpy(bytes.data() + key * (kKeyBytes / 2) + 16, &scale, sizeof(scale));
  }
  return bytes;
}

TEST_F(Retrieval, KeysComeBackWhereverInAPageTheyLie) {
  const int32_t tokens = 20, pages[] = {3, 1}, others[] = {0, 2};
  ASSERT_EQ(ctx_retrieval_keys_bytes(id_, tokens), tokens * kKeyBytes);
  const std::vector<char> keys = some_keys(tokens);
  const auto count = static_cast<int64_t>(keys.size());
  ASSERT_EQ(ctx_retrieval_keys_write(id_, 2, pages, 5, tokens, keys.data(), count), CTX_OK);
  std::vector<char> back(keys.size());
  ASSERT_EQ(ctx_retrieval_keys_read(id_, 2, pages, 5, tokens, back.data(), count), CTX_OK);
  EXPECT_EQ(back, keys);
  ASSERT_EQ(ctx_retrieval_keys_write(id_, 2, others, 9, tokens, back.data(), count), CTX_OK);
  ASSERT_EQ(ctx_retrieval_keys_read(id_, 2, others, 9, tokens, back.data(), count), CTX_OK);
  EXPECT_EQ(back, keys);
  std::vector<char> beside(static_cast<size_t>(5 * kKeyBytes), 1);
  ASSERT_EQ(ctx_retrieval_keys_read(id_, 2, pages, 0, 5, beside.data(), 5 * kKeyBytes), CTX_OK);
  EXPECT_EQ(beside, std::vector<char>(beside.size(), 0)) << "what lies before them is left alone";
}

TEST_F(Retrieval, AScaleThatIsNoneIsWrittenAsZero) {
  const int32_t pages[] = {0};
  std::vector<char> keys = some_keys(3);
  const float bad[] = {-1.0f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()};
  for (int32_t key = 0; key < 3; ++key) std::memcpy(keys.data() + key * (kKeyBytes / 2) + 16, &bad[key], sizeof(float));
  const auto count = static_cast<int64_t>(keys.size());
  ASSERT_EQ(ctx_retrieval_keys_write(id_, 1, pages, 0, 3, keys.data(), count), CTX_OK);
  ASSERT_EQ(ctx_retrieval_keys_read(id_, 1, pages, 0, 3, keys.data(), count), CTX_OK);
  for (int32_t key = 0; key < 6; ++key) {
    float scale = -1.0f;
    std::memcpy(&scale, keys.data() + key * (kKeyBytes / 2) + 16, sizeof(scale));
    EXPECT_EQ(scale, key < 3 ? 0.0f : 0.5f + static_cast<float>(key));
  }
}

TEST_F(Retrieval, RefusesKeysOutsideThePages) {
  const int32_t pages[] = {3, 1}, outside[] = {3, 4};
  std::vector<char> keys(static_cast<size_t>(20 * kKeyBytes));
  const auto count = static_cast<int64_t>(keys.size());
  expect_refused(ctx_retrieval_keys_read(id_, 2, pages, 13, 20, keys.data(), count),
                 "the keys are of the positions 13 to 33; the pages hold those below 32");
  expect_refused(ctx_retrieval_keys_write(id_, 2, outside, 0, 20, keys.data(), count), "pages[1] is 4");
  expect_refused(ctx_retrieval_keys_write(id_, 2, pages, -1, 20, keys.data(), count), "positions -1 to 19");
  expect_refused(ctx_retrieval_keys_write(id_, 2, pages, 0, 20, keys.data(), count - 1),
                 "the keys have 799 bytes; they must have 800");
  expect_refused(ctx_retrieval_keys_read(id_, 2, nullptr, 0, 20, keys.data(), count), "are null");
  EXPECT_EQ(ctx_retrieval_keys_bytes(id_, 257), 0);
  EXPECT_NE(std::string(ctx_last_error()).find("tokens is 257; it must be in 1..256"), std::string::npos);
}

}  // namespace
}  // namespace contexture
