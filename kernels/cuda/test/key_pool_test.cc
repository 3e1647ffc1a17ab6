// The retrieval head's keys on the device: tables of buckets at fixed addresses, what is chosen and where it goes.
#include "cuda/key_pool.h"

#include <gtest/gtest.h>

#include <numeric>

#include "capi/contexture.h"
#include "cuda/copy_rows.h"
#include "cuda/device_pool.h"
#include "cuda/test/support.h"

namespace contexture {
namespace cuda {
namespace {

using Ints = std::vector<int32_t>;

constexpr int32_t kGroups = 2, kKvHeads = 2, kHeads = 4, kDim = 64, kPageTokens = 16, kPages = 64, kPositions = 2048;
constexpr int32_t kLists = kGroups * kKvHeads;

class KeyPoolTest : public testing::Test {
 protected:
  KeyPoolTest() : rotary_(kPositions, kDim) {}

  void SetUp() override {
    id_ = ctx_retrieval_create(kGroups, kKvHeads, kHeads, kDim, kPageTokens, kPages, kPositions, rotary_.cos.data(),
                               rotary_.sin.data());
    ASSERT_GT(id_, 0) << ctx_last_error();
    pool_ = DeviceKeyPoolRegistry::instance().find(id_);
  }
  void TearDown() override { EXPECT_EQ(ctx_retrieval_destroy(id_), CTX_OK); }

  // Random keys at the positions [0, tokens) of a sequence on these pages; rows behind them pad the call.
  void append(const Ints& pages, int32_t tokens, int32_t padding = 0) {
    Ints positions;
    std::vector<int64_t> slots;
    for (int32_t p = 0; p < tokens; ++p)
      positions.push_back(p), slots.push_back(int64_t{pages[p / kPageTokens]} * kPageTokens + p % kPageTokens);
    ASSERT_EQ(ctx_retrieval_append_set(id_, tokens, positions.data(), slots.data()), CTX_OK) << ctx_last_error();
    std::vector<float> keys(static_cast<size_t>(tokens + padding) * kLists * kDim);
    for (float& x : keys) x = random_.value();
    const DeviceBuffer<float> device(keys);
    pool_->append(device.data(), tokens + padding, nullptr);
    check(cudaDeviceSynchronize(), "append");
  }

  struct Row {
    int32_t position;
    Ints pages;
    SelectionRule rule;
  };
  int32_t set_select(const std::vector<Row>& rows) {
    Ints positions, query_offsets{0}, page_offsets{0}, pages, rules, block_offsets(rows.size() + 1, 0), ends{1};
    for (const Row& row : rows) {
      positions.push_back(row.position), query_offsets.push_back(static_cast<int32_t>(positions.size()));
      pages.insert(pages.end(), row.pages.begin(), row.pages.end());
      page_offsets.push_back(static_cast<int32_t>(pages.size()));
      const SelectionRule& r = row.rule;
      rules.insert(rules.end(), {r.unit, r.budget, r.sink, r.recent, r.residency, r.heads, r.pooling, 0});
    }
    return ctx_retrieval_select_set(id_, static_cast<int32_t>(rows.size()), positions.data(), query_offsets.data(),
                                    positions.data(), page_offsets.data(), pages.data(), rules.data(), block_offsets.data(),
                                    ends.data());
  }
  void select(const std::vector<Row>& rows) {
    ASSERT_EQ(set_select(rows), CTX_OK) << ctx_last_error();
    std::vector<float> queries(static_cast<size_t>(pool_->select_rows()) * kGroups * kHeads * kDim, 0.25f);
    const DeviceBuffer<float> device(queries);
    pool_->select(device.data(), nullptr);
    check(cudaDeviceSynchronize(), "select");
    pool_->fetch();
  }

  static SelectionRule rule(int32_t budget) {
    SelectionRule r;
    r.budget = budget, r.sink = 4, r.recent = 16;
    return r;
  }
  Ints list(int32_t row, int32_t list) {
    const int32_t* chosen = ctx_selection_positions(id_) + (row * kLists + list) * int64_t{ctx_selection_stride(id_)};
    return {chosen, chosen + ctx_selection_counts(id_)[row * kLists + list]};
  }

  Random random_{5};
  Rotary rotary_;
  int64_t id_ = 0;
  std::shared_ptr<DeviceKeyPool> pool_;
};

TEST_F(KeyPoolTest, RowsOfABucketChooseWhatTheyChooseAlone) {
  const Ints pages{3, 9, 5, 0, 1, 2, 40, 41}, others{10, 11, 12, 13};
  append(pages, 120, 8);
  append(others, 50, 14);
  select({{119, pages, rule(60)}, {40, others, rule(60)}, {99, pages, rule(48)}});
  EXPECT_EQ(pool_->bucket(), 4);
  EXPECT_EQ(ctx_selection_stride(id_), 64);
  EXPECT_EQ(list(1, 0).size(), 41u) << "a short row has all";
  std::vector<Ints> together;
  for (int32_t l = 0; l < kLists; ++l) together.push_back(list(2, l));
  EXPECT_EQ(together[0].size(), 48u);
  select({{99, pages, rule(48)}});
  EXPECT_EQ(pool_->bucket(), 1);
  for (int32_t l = 0; l < kLists; ++l) EXPECT_EQ(list(0, l), together[l]);
  EXPECT_GT(ctx_selection_mass(id_)[0], 0.0f);
  EXPECT_LT(ctx_selection_mass(id_)[0], 1.0f);
}

TEST_F(KeyPoolTest, SelectionsStayWhereTheyAreUntilTheyNeedMoreRoom) {
  const Ints pages{3, 9, 5, 0, 1, 2, 40, 41};
  append(pages, 120);
  select({{100, pages, rule(50)}});
  const int32_t layout = pool_->layout(), *counts = pool_->lists().counts, *slots = pool_->lists().slots;
  select({{119, pages, rule(60)}, {119, pages, rule(60)}});
  EXPECT_EQ(pool_->layout(), layout);
  EXPECT_EQ(pool_->lists().counts, counts);
  EXPECT_EQ(pool_->lists().slots, slots);
  select({{119, pages, rule(100)}});
  EXPECT_NE(pool_->layout(), layout) << "lists of more room";
}

TEST_F(KeyPoolTest, AppendsOfFewRowsHaveTheirTablesInOnePlace) {
  Ints pages(kPages);
  std::iota(pages.begin(), pages.end(), 0);
  append(pages, 3);
  const int32_t *positions = pool_->append_positions(), *slots = pool_->append_slots();
  append(pages, 500);
  EXPECT_NE(pool_->append_positions(), positions);
  append(pages, kMostBucketRows);
  EXPECT_EQ(pool_->append_positions(), positions);
  EXPECT_EQ(pool_->append_slots(), slots);
}

TEST_F(KeyPoolTest, CopiedPagesHaveTheSameKeys) {
  const Ints pages{3, 9, 5, 0, 1, 2}, copies{20, 21, 22, 23, 24, 25};
  append(pages, 90);
  for (size_t i = 0; i < pages.size(); ++i)
    ASSERT_EQ(ctx_retrieval_copy(id_, pages[i], copies[i], i == 5 ? 10 : kPageTokens), CTX_OK) << ctx_last_error();
  select({{89, pages, rule(40)}, {89, copies, rule(40)}});
  for (int32_t l = 0; l < kLists; ++l) EXPECT_EQ(list(0, l), list(1, l));
}

TEST_F(KeyPoolTest, StoredKeysAreChosenFromAsTheOnesTheyWereReadFrom) {
  const Ints pages{3, 9, 5, 0, 1, 2}, others{20, 21, 22, 23, 24, 25};
  append(pages, 90);
  for (int32_t first = 0; first < 90; first += 30) {  // blocks begin anywhere in a page
    std::vector<char> bytes(static_cast<size_t>(ctx_retrieval_keys_bytes(id_, 30)));
    const auto count = static_cast<int64_t>(bytes.size());
    ASSERT_EQ(ctx_retrieval_keys_read(id_, 6, pages.data(), first, 30, bytes.data(), count), CTX_OK) << ctx_last_error();
    ASSERT_EQ(ctx_retrieval_keys_write(id_, 6, others.data(), first, 30, bytes.data(), count), CTX_OK) << ctx_last_error();
  }
  select({{89, pages, rule(40)}, {89, others, rule(40)}});
  for (int32_t l = 0; l < kLists; ++l) EXPECT_EQ(list(0, l), list(1, l));
}

TEST_F(KeyPoolTest, WhatIsChosenGoesToTheStepOfThePool) {
  const Ints pages{3, 9, 5, 0, 1, 2, 40, 41};
  append(pages, 120);
  const int64_t kv = ctx_pool_create(2, kKvHeads, 64, kPageTokens, kPages, 1);
  ASSERT_GT(kv, 0) << ctx_last_error();
  const auto pool = DevicePoolRegistry::instance().find(kv);
  const Ints query(3, 1), context{119, 30, 99}, offsets{0, 8, 10, 18}, groups{0, 1};
  Ints table = pages;
  table.insert(table.end(), {50, 51});
  table.insert(table.end(), pages.begin(), pages.end());
  ASSERT_EQ(ctx_step_set(kv, 3, query.data(), context.data(), offsets.data(), table.data()), CTX_OK) << ctx_last_error();
  select({{99, pages, rule(48)}, {119, pages, rule(60)}});
  const Ints sequences{0, 2}, chosen{1, 0}, wrong{0, 1};
  EXPECT_EQ(ctx_step_select_chosen(kv, id_, groups.data(), 2, sequences.data(), wrong.data(), nullptr, nullptr, 0),
            CTX_INVALID_ARGUMENT)
      << "made for other positions";
  ASSERT_EQ(ctx_step_select_chosen(kv, id_, groups.data(), 2, sequences.data(), chosen.data(), nullptr, nullptr, 0), CTX_OK)
      << ctx_last_error();
  const DeviceSelection selection = pool->selection(1);
  Ints row_of(4), counts(2 * kLists), slots(static_cast<size_t>(2 * kLists) * selection.stride);
  const auto read = [](Ints& to, const int32_t* from) {
    check(cudaMemcpy(to.data(), from, to.size() * sizeof(int32_t), cudaMemcpyDeviceToHost), "cudaMemcpy");
  };
  read(row_of, selection.row_of_sequence), read(counts, selection.counts), read(slots, selection.slots);
  EXPECT_EQ(row_of, (Ints{0, -1, 1, -1}));
  for (int32_t r = 0; r < 2; ++r)
    for (int32_t l = 0; l < kLists; ++l) {
      const Ints positions = list(chosen[r], l);
      ASSERT_EQ(counts[r * kLists + l], static_cast<int32_t>(positions.size()));
      for (size_t i = 0; i < positions.size(); ++i)
        ASSERT_EQ(slots[(r * kLists + l) * selection.stride + i],
                  pages[positions[i] / kPageTokens] * kPageTokens + positions[i] % kPageTokens);
    }
  EXPECT_EQ(ctx_pool_destroy(kv), CTX_OK);
}

TEST_F(KeyPoolTest, RefusesWhatItCannotDo) {
  const Ints pages{3};
  EXPECT_EQ(set_select({{20, pages, rule(40)}}), CTX_INVALID_ARGUMENT) << "too few pages";
  const int32_t position = 5, offsets[] = {0, 1}, two[] = {0, 2}, positions[] = {5, 6}, block_offsets[] = {0, 0};
  const int32_t rules[] = {0, 40, 4, 16, 0, 0, 0, 0};
  EXPECT_EQ(ctx_retrieval_select_set(id_, 1, &position, two, positions, offsets, pages.data(), rules, block_offsets,
                                     block_offsets),
            CTX_INVALID_ARGUMENT)
      << "two queries";
  EXPECT_EQ(ctx_retrieval_copy(id_, 0, kPages, 1), CTX_INVALID_ARGUMENT);
  const int64_t slot = int64_t{kPages} * kPageTokens;
  EXPECT_EQ(ctx_retrieval_append_set(id_, 1, &position, &slot), CTX_INVALID_ARGUMENT);
}

TEST(CopyRows, MovesRowsByTables) {
  const std::vector<float> values{0, 1, 10, 11, 20, 21};
  const DeviceBuffer<float> from(values);
  DeviceBuffer<float> to(std::vector<float>(8, -1.0f));
  const DeviceBuffer<int32_t> from_rows(Ints{2, 0, -1}), to_rows(Ints{1, 3, 0});
  CopyRows c;
  c.from = from.data(), c.from_rows = from_rows.data(), c.to = to.data(), c.to_rows = to_rows.data();
  c.count = 3, c.width = 2;
  copy_rows(c, nullptr);
  check(cudaDeviceSynchronize(), "copy_rows");
  EXPECT_EQ(to.get(), (std::vector<float>{-1, -1, 20, 21, -1, -1, 0, 1}));
}

}  // namespace
}  // namespace cuda
}  // namespace contexture
