// The device's pool behind the C interface: steps, selections and copies, and what it refuses.
#include "cuda/device_pool.h"

#include <gtest/gtest.h>

#include "capi/contexture.h"
#include "cuda/test/support.h"

namespace contexture {
namespace cuda {
namespace {

constexpr int32_t kLayers = 2, kKvHeads = 3, kHeadDim = 64, kPageTokens = 16, kPages = 6;

class DevicePoolTest : public testing::Test {
 protected:
  void SetUp() override {
    id_ = ctx_pool_create(kLayers, kKvHeads, kHeadDim, kPageTokens, kPages, 1);
    ASSERT_GT(id_, 0) << ctx_last_error();
    pool_ = DevicePoolRegistry::instance().find(id_);
  }
  void TearDown() override { EXPECT_EQ(ctx_pool_destroy(id_), CTX_OK); }

  int32_t set(std::vector<int32_t> query, std::vector<int32_t> context, std::vector<int32_t> offsets,
              std::vector<int32_t> pages) {
    return ctx_step_set(id_, static_cast<int32_t>(query.size()), query.data(), context.data(), offsets.data(), pages.data());
  }
  static std::vector<int32_t> read(const int32_t* device, size_t count) {
    std::vector<int32_t> values(count);
    check(cudaMemcpy(values.data(), device, count * sizeof(int32_t), cudaMemcpyDeviceToHost), "cudaMemcpy");
    return values;
  }

  int64_t id_ = 0;
  std::shared_ptr<DevicePool> pool_;
};

using Ints = std::vector<int32_t>;

TEST_F(DevicePoolTest, RowsOfAStepBecomeSequences) {
  ASSERT_EQ(set({3, 1}, {15, 0}, {0, 2, 3}, {4, 1, 5}), CTX_OK);
  const DecodeTables& tables = pool_->row_tables();
  ASSERT_EQ(tables.sequences, 4);
  EXPECT_EQ(read(tables.lengths, 4), (Ints{-1, -1, -1, 1}));
  ASSERT_EQ(pool_->tile_count(), 1);
  EXPECT_EQ(read(reinterpret_cast<const int32_t*>(pool_->tiles()), 4), (Ints{0, 3, 15, 0}));
  EXPECT_TRUE(pool_->has_single_rows());
  EXPECT_EQ(read(tables.page_offsets, 4), (Ints{0, 0, 0, 2}));
  EXPECT_EQ(read(tables.pages, 3), (Ints{4, 1, 5}));
  EXPECT_EQ(read(pool_->positions(), 4), (Ints{15, 16, 17, 0}));
  EXPECT_EQ(read(pool_->slots(), 4), (Ints{4 * 16 + 15, 1 * 16, 1 * 16 + 1, 5 * 16}));
  EXPECT_EQ(pool_->bucket(), 0) << "a chunk runs plainly";
  EXPECT_EQ(pool_->selection(0).row_of_sequence, nullptr);
}

TEST_F(DevicePoolTest, SelectionsBecomeSlots) {
  ASSERT_EQ(set({2, 1}, {3, 20}, {0, 1, 3}, {4, 1, 5}), CTX_OK);
  const Ints group_of_layer{0, 0}, sequences{1}, counts{2, 3, 1}, positions{3, 20, -1, 0, 17, 20, 20, -1, -1};
  ASSERT_EQ(ctx_step_select(id_, 1, group_of_layer.data(), 1, sequences.data(), 3, 3, counts.data(), positions.data(), 1),
            CTX_OK)
      << ctx_last_error();
  EXPECT_EQ(pool_->selection(0).row_of_sequence, nullptr) << "the first layer is dense";
  const DeviceSelection selection = pool_->selection(1);
  EXPECT_EQ(read(selection.row_of_sequence, 3), (Ints{-1, -1, 0}));
  EXPECT_EQ(read(selection.counts, 3), counts);
  const Ints slots = read(selection.slots, 9);
  EXPECT_EQ((Ints{slots[0], slots[1], slots[3], slots[4], slots[5], slots[6]}),
            (Ints{16 + 3, 5 * 16 + 4, 16, 5 * 16 + 1, 5 * 16 + 4, 5 * 16 + 4}));
  ASSERT_EQ(set({1}, {0}, {0, 1}, {0}), CTX_OK);
  EXPECT_EQ(pool_->selection(1).row_of_sequence, nullptr) << "a selection is a step's";
}

TEST_F(DevicePoolTest, DecodeStepsArePaddedToBucketsAtFixedAddresses) {
  ASSERT_EQ(set({1, 1, 1}, {15, 0, 20}, {0, 1, 2, 4}, {4, 1, 5, 0}), CTX_OK);
  ASSERT_EQ(pool_->bucket(), 4);
  EXPECT_EQ(pool_->run_rows(), 4);
  EXPECT_EQ(pool_->rows(), 3);
  const DecodeTables tables = pool_->row_tables();
  const int32_t *positions = pool_->positions(), *slots = pool_->slots(), splits = pool_->splits();
  EXPECT_EQ(tables.sequences, 4);
  EXPECT_EQ(read(tables.lengths, 4), (Ints{16, 1, 21, 0}));
  EXPECT_EQ(read(positions, 4), (Ints{15, 0, 20, -1}));
  void* queries = pool_->queries(9);
  float* partial = pool_->partial(9);
  ASSERT_EQ(set({1, 1, 1, 1}, {3, 3, 3, 3}, {0, 1, 2, 3, 4}, {4, 1, 5, 0}), CTX_OK);
  EXPECT_EQ(pool_->bucket(), 4);
  EXPECT_EQ(pool_->row_tables().lengths, tables.lengths);
  EXPECT_EQ(pool_->row_tables().page_offsets, tables.page_offsets);
  EXPECT_EQ(pool_->row_tables().pages, tables.pages);
  EXPECT_EQ(pool_->positions(), positions);
  EXPECT_EQ(pool_->slots(), slots);
  EXPECT_EQ(pool_->splits(), splits);
  EXPECT_EQ(pool_->queries(9), queries);
  EXPECT_EQ(pool_->partial(9), partial);
  const std::vector<int32_t> ones(65, 1), zeros(65, 0), sames(65, 2);
  Ints offsets(66);
  for (int32_t i = 0; i < 66; ++i) offsets[i] = i;
  ASSERT_EQ(ctx_step_set(id_, 65, ones.data(), zeros.data(), offsets.data(), sames.data()), CTX_OK);
  EXPECT_EQ(pool_->bucket(), 0);
  EXPECT_EQ(pool_->run_rows(), 65);
}

TEST_F(DevicePoolTest, ListsOfBucketsStayWhereTheyAreUntilTheyNeedMoreRoom) {
  const Ints group_of_layer{0, 0}, sequences{0}, counts{1, 2, 1}, positions{20, -1, 7, 20, 20, -1};
  const auto select = [&] {
    ASSERT_EQ(set({1, 1}, {20, 3}, {0, 2, 3}, {4, 1, 5}), CTX_OK);
    ASSERT_EQ(ctx_step_select(id_, 1, group_of_layer.data(), 1, sequences.data(), 3, 2, counts.data(), positions.data(), 0),
              CTX_OK)
        << ctx_last_error();
  };
  select();
  const int32_t layout = pool_->layout();
  const DeviceSelection first = pool_->selection(0);
  EXPECT_EQ(read(first.row_of_sequence, 2), (Ints{0, -1}));
  EXPECT_EQ(read(first.counts, 3), counts);
  EXPECT_EQ(read(first.slots + first.stride, 2), (Ints{4 * 16 + 7, 16 + 4}));
  ASSERT_EQ(set({1, 1}, {20, 3}, {0, 2, 3}, {4, 1, 5}), CTX_OK);
  EXPECT_EQ(pool_->selection(0).row_of_sequence, first.row_of_sequence);
  EXPECT_EQ(read(first.row_of_sequence, 2), (Ints{-1, -1})) << "a selection is a step's";
  select();
  EXPECT_EQ(pool_->selection(0).slots, first.slots);
  EXPECT_EQ(pool_->layout(), layout);
  ASSERT_EQ(set({1, 1}, {20, 3}, {0, 2, 3}, {4, 1, 5}), CTX_OK);
  const Ints one_list{0}, few{1}, wide(200, 20);
  ASSERT_EQ(ctx_step_select(id_, 1, group_of_layer.data(), 1, sequences.data(), 1, 200, few.data(), wide.data(), 0), CTX_OK)
      << ctx_last_error();
  EXPECT_GT(pool_->layout(), layout);
}

TEST_F(DevicePoolTest, RefusesSelectionsOfChunks) {
  ASSERT_EQ(set({2}, {3}, {0, 1}, {4}), CTX_OK);
  const Ints group_of_layer{0, 0}, sequences{0}, counts{1, 1, 1}, positions{1, 1, 1};
  EXPECT_EQ(ctx_step_select(id_, 1, group_of_layer.data(), 1, sequences.data(), 3, 1, counts.data(), positions.data(), 0),
            CTX_INVALID_ARGUMENT);
  EXPECT_NE(std::string(ctx_last_error()).find("only single rows may have a selection"), std::string::npos)
      << ctx_last_error();
}

TEST_F(DevicePoolTest, CopiesTheFirstSlotsOfAPage) {
  const PoolGeometry& g = pool_->geometry();
  Random random(19);
  const std::vector<uint16_t> values = random_bits(random, static_cast<size_t>(g.pool_bytes() / 2), Element::kF16);
  check(cudaMemcpy(pool_->layer(0).pages, values.data(), values.size() * 2, cudaMemcpyHostToDevice), "cudaMemcpy");
  ASSERT_EQ(ctx_pool_copy(id_, 4, 1, 5), CTX_OK);
  for (int32_t layer = 0; layer < kLayers; ++layer)
    for (int32_t head = 0; head < kKvHeads; ++head)
      for (int32_t what = 0; what < 2; ++what)
        for (const int32_t slot : {0, 4, 5, 15}) {
          std::vector<float> row(kHeadDim);
          ASSERT_EQ(ctx_pool_read(id_, layer, 1, slot, head, what, row.data()), CTX_OK);
          const int64_t from = (slot < 5 ? 4 : 1) * kPageTokens + slot;
          const auto at = static_cast<size_t>(g.key_row_offset(layer, from, head) + what * g.value_offset()) / 2;
          for (int32_t i = 0; i < kHeadDim; ++i) ASSERT_EQ(row[i], half_to_float(values[at + i])) << "slot " << slot;
        }
}

TEST_F(DevicePoolTest, ReadsBrainFloats) {
  const int64_t id = ctx_pool_create(1, 1, kHeadDim, kPageTokens, 1, 2);
  ASSERT_GT(id, 0) << ctx_last_error();
  const auto pool = DevicePoolRegistry::instance().find(id);
  Random random(20);
  const std::vector<uint16_t> values =
      random_bits(random, static_cast<size_t>(pool->geometry().pool_bytes() / 2), Element::kBf16);
  check(cudaMemcpy(pool->layer(0).pages, values.data(), values.size() * 2, cudaMemcpyHostToDevice), "cudaMemcpy");
  std::vector<float> row(kHeadDim);
  ASSERT_EQ(ctx_pool_read(id, 0, 0, 3, 0, 1, row.data()), CTX_OK);
  const auto at = static_cast<size_t>(pool->geometry().key_row_offset(0, 3, 0) + pool->geometry().value_offset()) / 2;
  for (int32_t i = 0; i < kHeadDim; ++i) ASSERT_EQ(row[i], bf16_to_float(values[at + i]));
  EXPECT_EQ(ctx_pool_destroy(id), CTX_OK);
}

TEST_F(DevicePoolTest, KeepsNoQueries) {
  EXPECT_EQ(ctx_step_keep_queries(id_, 9), CTX_INVALID_ARGUMENT);
  EXPECT_EQ(ctx_pool_pretouch(id_, 3), CTX_OK);
  EXPECT_EQ(ctx_pool_bytes(id_), pool_->geometry().pool_bytes());
}

TEST(DevicePoolHost, RefusesWhatADeviceCannotHave) {
  EXPECT_EQ(ctx_pool_create(1, 1, 64, 16, 4, 0), 0);
  EXPECT_NE(std::string(ctx_last_error()).find("it must be 1 (f16) or 2 (bf16)"), std::string::npos) << ctx_last_error();
  EXPECT_EQ(ctx_pool_create(1, 1, 72, 16, 4, 1), 0);
  EXPECT_NE(std::string(ctx_last_error()).find("a multiple of 16"), std::string::npos) << ctx_last_error();
  EXPECT_EQ(ctx_pool_destroy(-3), CTX_UNKNOWN_POOL);
}

}  // namespace
}  // namespace cuda
}  // namespace contexture
