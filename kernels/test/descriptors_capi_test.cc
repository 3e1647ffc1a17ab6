// The C interface of kept queries and descriptors: what it refuses and with which words, and whose room is whose.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "capi/contexture.h"

namespace contexture {
namespace {

void expect_refused(int32_t code, const std::string& words, int32_t expected = CTX_INVALID_ARGUMENT) {
  EXPECT_EQ(code, expected);
  EXPECT_NE(std::string(ctx_last_error()).find(words), std::string::npos)
      << "said: " << ctx_last_error() << "\nwanted: " << words;
}

void expect_no_pool(int64_t id, const std::string& words) {
  EXPECT_EQ(id, 0);
  expect_refused(CTX_INVALID_ARGUMENT, words);
}

// Blocks of 16 tokens up to `tokens`.
std::vector<int32_t> blocks_up_to(int32_t tokens) {
  std::vector<int32_t> ends;
  for (int32_t end = 16; end <= tokens; end += 16) ends.push_back(end);
  return ends;
}

class Descriptors : public testing::Test {
 protected:
  static constexpr int32_t kPages = 100, kHeads = 6, kChunks = 3;

  Descriptors() {
    for (int32_t p = 0; p < kPages; ++p) pages_.push_back(p);
  }
  void TearDown() override {
    EXPECT_EQ(ctx_descriptors_destroy(id_), CTX_OK);
    EXPECT_EQ(ctx_pool_destroy(pool_), CTX_OK);
  }

  int32_t describe(int64_t sequence, const std::vector<int32_t>& ends, int32_t pages = kPages) const {
    return ctx_descriptors_describe(id_, sequence, pages, pages_.data(), static_cast<int32_t>(ends.size()),
                                    ends.data());
  }
  int32_t select(int64_t sequence, int32_t position, std::vector<int32_t> rule, int32_t stride = 80) {
    std::vector<float> queries(2 * kHeads * 64, 0.1f);
    counts_.assign(2 * 3, -1), chosen_.assign(counts_.size() * static_cast<size_t>(stride > 0 ? stride : 1), -1);
    mass_.assign(counts_.size(), -1);
    return ctx_descriptors_select(id_, 1, &sequence, &position, rule.data(), queries.data(), stride, counts_.data(),
                                  chosen_.data(), mass_.data());
  }

  const int64_t pool_ = ctx_pool_create(2, 3, 64, 16, kPages, 1);
  const int64_t id_ = ctx_descriptors_create(pool_, 0, kHeads, 2, 0, kChunks);
  const std::vector<int32_t> rule_ = {1, 80, 4, 16, 80, 0, 0, 0};
  std::vector<int32_t> pages_, counts_, chosen_;
  std::vector<float> mass_;
};

TEST_F(Descriptors, RefuseWhatCannotBeMade) {
  expect_no_pool(ctx_descriptors_create(pool_, 2, kHeads, 2, 0, kChunks), "kind is 2; it must be 0");
  expect_no_pool(ctx_descriptors_create(pool_, 0, 7, 2, 0, kChunks), "query_heads is 7; it must be a multiple");
  expect_no_pool(ctx_descriptors_create(pool_, 0, kHeads, 3, 0, kChunks), "groups is 3; it must be in 1..2");
  expect_no_pool(ctx_descriptors_create(pool_, 0, kHeads, 2, -1, kChunks), "window is -1");
  expect_no_pool(ctx_descriptors_create(pool_, 0, kHeads, 2, 0, 0), "chunks is 0");
  EXPECT_EQ(ctx_descriptors_create(999999, 0, kHeads, 2, 0, kChunks), 0);
  EXPECT_EQ(ctx_descriptors_begin(999999), 0);
  EXPECT_EQ(ctx_descriptors_end(999999, 1), CTX_UNKNOWN_POOL);
}

TEST_F(Descriptors, BlocksComeInOrderAndOnPages) {
  const int64_t sequence = ctx_descriptors_begin(id_);
  EXPECT_EQ(describe(sequence, {16, 40}), CTX_OK);
  EXPECT_EQ(describe(sequence, {16, 40}), CTX_OK) << "nothing new";
  EXPECT_EQ(describe(sequence, {16, 40, 41}), CTX_OK);
  expect_refused(describe(sequence, {16, 40}), "block_count is 2, but 3 blocks are described already");
  expect_refused(describe(sequence, {16, 40, 42}), "block 2 ends at 42, but it was described up to 41");
  expect_refused(describe(sequence, {16, 40, 41, 41}), "a block ends at 41 behind 41; block ends must ascend");
  expect_refused(describe(sequence, {16, 40, 41, 64}, 3), "there are 3 pages of 16 tokens; the blocks up to 64");
  expect_refused(describe(sequence + 1, {16}), "there is no sequence 2; it was never begun or has ended");
  pages_[1] = kPages;
  expect_refused(describe(sequence, {16, 40, 41, 64}), "a page is 100; it must be in 0..99");
  expect_refused(ctx_descriptors_describe(id_, sequence, 1, nullptr, 3, nullptr), "a table of the blocks is null");
}

TEST_F(Descriptors, RoomIsBoundedAndGivenBack) {
  const int64_t chunk = 2 * 3 * 32 * 128 * 2;
  const int64_t first = ctx_descriptors_begin(id_), second = ctx_descriptors_begin(id_);
  EXPECT_EQ(ctx_descriptors_bytes(id_), 0);
  EXPECT_EQ(describe(first, blocks_up_to(16 * 33)), CTX_OK);
  EXPECT_EQ(ctx_descriptors_bytes(id_), 2 * chunk);
  expect_refused(describe(second, blocks_up_to(16 * 33)), "33 pieces need 2 more chunks, but 1 of 3 are free",
                 CTX_NO_ROOM);
  EXPECT_EQ(ctx_descriptors_bytes(id_), 2 * chunk) << "a refused description takes nothing";
  EXPECT_EQ(select(second, 600, rule_), CTX_OK);
  EXPECT_EQ(counts_, std::vector<int32_t>(6, 0));
  EXPECT_EQ(ctx_descriptors_end(id_, first), CTX_OK);
  EXPECT_EQ(ctx_descriptors_bytes(id_), 0);
  expect_refused(ctx_descriptors_end(id_, first), "there is no sequence 1");
  EXPECT_EQ(describe(second, blocks_up_to(16 * 33)), CTX_OK);
  EXPECT_EQ(ctx_descriptors_end(id_, second), CTX_OK);
}

TEST_F(Descriptors, SelectsWithinTheRuleAndRefusesWhatIsNone) {
  const int64_t sequence = ctx_descriptors_begin(id_);
  EXPECT_EQ(describe(sequence, blocks_up_to(300)), CTX_OK);
  EXPECT_EQ(select(sequence, 300, rule_), CTX_OK);
  for (const int32_t count : counts_) {
    EXPECT_GT(count, 4 + 16);
    EXPECT_LE(count, 80);
  }
  EXPECT_EQ(select(0, 300, rule_), CTX_OK);
  EXPECT_EQ(counts_, std::vector<int32_t>(6, 0));
  expect_refused(select(sequence, 200, rule_), "row 0 stands at 200, but its blocks are described up to 288");
  expect_refused(select(sequence, 300, rule_, 79), "row 0 may select 80 positions; stride 79 is too small");
  expect_refused(select(sequence, 300, {3, 80, 4, 16, 80, 0, 0, 0}), "row 0: unit is 3");
  expect_refused(select(sequence, 300, {1, 19, 4, 16, 80, 0, 0, 0}), "budget is 19; it must hold sink 4 and recent 16");
  expect_refused(select(sequence, -1, rule_), "row 0: position is -1");
  expect_refused(select(sequence + 1, 300, rule_), "there is no sequence 2");
  expect_refused(ctx_descriptors_select(id_, 1, nullptr, nullptr, nullptr, nullptr, 1, nullptr, nullptr, nullptr),
                 "a table of the selection is null");
}

TEST_F(Descriptors, NeedTheirPoolOfKeys) {
  const int64_t pool = ctx_pool_create(2, 3, 64, 16, kPages, 1);
  const int64_t orphan = ctx_descriptors_create(pool, 1, kHeads, 1, 0, kChunks);
  const int64_t sequence = ctx_descriptors_begin(orphan);
  EXPECT_EQ(ctx_pool_destroy(pool), CTX_OK);
  const int32_t page = 0, end = 16;
  expect_refused(ctx_descriptors_describe(orphan, sequence, 1, &page, 1, &end),
                 "it was never created or has been destroyed", CTX_UNKNOWN_POOL);
  EXPECT_EQ(ctx_descriptors_destroy(orphan), CTX_OK);
}

TEST_F(Descriptors, QueriesAreKeptForAStep) {
  std::vector<float> out(2 * kHeads * 64, -1);
  expect_refused(ctx_step_keep_queries(pool_, kHeads), "the pool has no step");
  const int32_t query[] = {1, 3}, context[] = {20, 0}, offsets[] = {0, 2, 3}, pages[] = {3, 1, 0};
  ASSERT_EQ(ctx_step_set(pool_, 2, query, context, offsets, pages), CTX_OK);
  expect_refused(ctx_step_queries(pool_, 0, out.data()), "the step's queries are not kept");
  expect_refused(ctx_step_keep_queries(pool_, 7), "query_heads is 7; it must be a multiple of kv_heads, 3");
  ASSERT_EQ(ctx_step_keep_queries(pool_, kHeads), CTX_OK);
  EXPECT_EQ(ctx_step_queries(pool_, 1, out.data()), CTX_OK);
  EXPECT_EQ(out, std::vector<float>(out.size(), 0));
  expect_refused(ctx_step_queries(pool_, 2, out.data()), "sequence is 2; it must be in 0..1");
  expect_refused(ctx_step_queries(pool_, 0, nullptr), "out is null");
  ASSERT_EQ(ctx_step_set(pool_, 2, query, context, offsets, pages), CTX_OK);
  expect_refused(ctx_step_queries(pool_, 0, out.data()), "the step's queries are not kept");
}

}  // namespace
}  // namespace contexture
