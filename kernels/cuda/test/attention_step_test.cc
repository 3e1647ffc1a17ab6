// Steps over a pool whose layers come and go, beside the same steps over one that has all of them on the device.
#include "cuda/attention_step.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "capi/contexture.h"
#include "cuda/test/support.h"

namespace contexture {
namespace cuda {
namespace {

using Ints = std::vector<int32_t>;

constexpr int32_t kLayers = 3, kKvHeads = 2, kHeads = 4, kDim = 64, kPageTokens = 16, kPages = 512, kPositions = 1024;
constexpr int32_t kGroups = 2, kLists = kGroups * kKvHeads, kRoom = 64, kPlaces = 4;
constexpr int32_t kWidth = (kHeads + 2 * kKvHeads) * kDim;

struct Sequence {
  int32_t place, owner, length;
  Ints pages;
};

class AttentionStepTest : public testing::TestWithParam<Element> {
 protected:
  AttentionStepTest() : rotary_(kPositions, kDim), cos_(rotary_.cos), sin_(rotary_.sin) {}

  void SetUp() override {
    const int32_t dtype = static_cast<int32_t>(GetParam() == Element::kF16 ? KvDtype::kF16 : KvDtype::kBf16);
    plain_ = ctx_pool_create(kLayers, kKvHeads, kDim, kPageTokens, kPages, dtype);
    elastic_ = ctx_pool_create_elastic(kLayers, kKvHeads, kDim, kPageTokens, kPages, dtype, 64 << 20, 64 << 20, kPlaces,
                                       kLists, kRoom);
    ASSERT_GT(plain_, 0) << ctx_last_error();
    ASSERT_GT(elastic_, 0) << ctx_last_error();
    const Ints order = shuffled_pages(random_, kPages);
    for (int32_t s = 0; s < kPlaces; ++s)
      sequences_.push_back({s, s + 1, 0, Ints(order.begin() + s * 40, order.begin() + (s + 1) * 40)});
  }
  void TearDown() override {
    EXPECT_EQ(ctx_pool_destroy(plain_), CTX_OK);
    EXPECT_EQ(ctx_pool_destroy(elastic_), CTX_OK);
  }

  void place(int32_t host_layers) {
    std::set<int32_t> used;
    for (const Sequence& s : sequences_) used.insert(s.pages.begin(), s.pages.end());
    const Ints pages(used.begin(), used.end());
    ASSERT_EQ(ctx_pool_place(elastic_, host_layers, static_cast<int32_t>(pages.size()), pages.data()), CTX_OK)
        << ctx_last_error();
  }

  // A step of some sequences that bring so many rows; single rows behind more than `budget` tokens attend to a selection.
  void step(const Ints& which, const Ints& rows, int32_t budget) {
    Ints context, offsets{0}, pages, selected, positions;
    for (size_t i = 0; i < which.size(); ++i) {
      const Sequence& s = sequences_[which[i]];
      context.push_back(s.length);
      pages.insert(pages.end(), s.pages.begin(), s.pages.end());
      offsets.push_back(static_cast<int32_t>(pages.size()));
      if (rows[i] == 1 && s.length >= budget) selected.push_back(static_cast<int32_t>(i)), positions.push_back(s.length);
    }
    for (const int64_t pool : {plain_, elastic_})
      ASSERT_EQ(
          ctx_step_set(pool, static_cast<int32_t>(which.size()), rows.data(), context.data(), offsets.data(), pages.data()),
          CTX_OK)
          << ctx_last_error();
    const auto plain = DevicePoolRegistry::instance().find(plain_), elastic = DevicePoolRegistry::instance().find(elastic_);
    if (!selected.empty()) select(which, selected, positions, budget, *plain, *elastic);
    int64_t counts[2];
    ASSERT_EQ(ctx_step_loaded(elastic_, counts), CTX_OK) << ctx_last_error();
    // Each layer reads the lists of its own group only.
    const bool loads = !by_host_lists_ && elastic->elastic()->host_layers() > 0;
    const auto lists = static_cast<int64_t>(selected.size()) * kKvHeads;
    EXPECT_EQ(counts[0], loads ? lists * budget * elastic->elastic()->host_layers() : 0);
    EXPECT_LE(counts[1], counts[0]);
    const std::vector<uint16_t> qkv = random_bits(random_, static_cast<size_t>(plain->run_rows()) * kWidth, GetParam());
    for (int32_t layer = 0; layer < kLayers; ++layer) {
      const std::vector<float> expected = run(*plain, layer, qkv), actual = run(*elastic, layer, qkv);
      for (size_t i = 0; i < static_cast<size_t>(plain->rows()) * kHeads * kDim; ++i)
        ASSERT_NEAR(actual[i], expected[i], 4 * precision(GetParam())) << "layer " << layer << ", row " << i / (kHeads * kDim);
    }
    for (size_t i = 0; i < which.size(); ++i) sequences_[which[i]].length += rows[i];
  }

  std::vector<float> run(DevicePool& pool, int32_t layer, const std::vector<uint16_t>& qkv) {
    const DeviceBuffer<uint16_t> input(qkv);
    DeviceBuffer<uint16_t> out(static_cast<size_t>(pool.run_rows()) * kHeads * kDim);
    AttentionStep a;
    a.layer = layer, a.num_heads = kHeads, a.scale = 0.3f, a.qkv = input.data(), a.rope_cos = cos_.data(),
    a.rope_sin = sin_.data(), a.out = out.data();
    run_attention(pool, a, nullptr);
    check(cudaDeviceSynchronize(), "run_attention");
    std::vector<float> values;
    for (const uint16_t bits : out.get()) values.push_back(to_float(bits, GetParam()));
    return values;
  }

  // Lists change by some positions from step to step, as a head's do.
  void select(const Ints& which, const Ints& selected, const Ints& own, int32_t budget, DevicePool& plain,
              DevicePool& elastic) {
    Ints counts, lists, slots, chosen, places, owners;
    for (size_t r = 0; r < selected.size(); ++r) {
      const Sequence& s = sequences_[which[selected[r]]];
      chosen.push_back(static_cast<int32_t>(r)), places.push_back(s.place), owners.push_back(s.owner);
      for (int32_t l = 0; l < kLists; ++l) {
        std::set<int32_t> positions;
        for (int32_t p = own[r]; p > own[r] - 8; --p) positions.insert(p);
        uint64_t state = static_cast<uint64_t>(s.place * 31 + l) + 1;
        while (static_cast<int32_t>(positions.size()) < budget) {
          state = state * 6364136223846793005u + 1442695040888963407u + (random_.below(8) == 0 ? 77 : 0);
          positions.insert(static_cast<int32_t>((state >> 33) % static_cast<uint64_t>(own[r])));
        }
        counts.push_back(budget);
        for (const int32_t p : positions) {
          lists.push_back(p);
          slots.push_back(s.pages[p / kPageTokens] * kPageTokens + p % kPageTokens);
        }
        lists.resize(counts.size() * kRoom, -1), slots.resize(counts.size() * kRoom, -1);
      }
    }
    const DeviceBuffer<int32_t> device_counts(counts), device_lists(lists), device_slots(slots);
    const Ints groups{0, 1, 1};
    DevicePool::ChosenRows rows{{kGroups, kKvHeads, kRoom, nullptr, device_counts.data(), device_slots.data()},
                                static_cast<int32_t>(selected.size()),
                                own.data(),
                                groups.data(),
                                static_cast<int32_t>(selected.size()),
                                selected.data(),
                                chosen.data(),
                                0,
                                device_lists.data(),
                                places.data(),
                                owners.data()};
    if (by_host_lists_) {
      for (DevicePool* pool : {&plain, &elastic})
        pool->set_selection(
            {kGroups, groups.data(), rows.rows, selected.data(), kKvHeads, kRoom, counts.data(), lists.data(), 0});
    } else {
      elastic.set_selection(rows);
      rows.list_positions = nullptr, rows.places = nullptr, rows.owners = nullptr;
      plain.set_selection(rows);
    }
    check(cudaDeviceSynchronize(), "loading");
  }

  Random random_{11};
  Rotary rotary_;
  DeviceBuffer<float> cos_, sin_;
  int64_t plain_ = 0, elastic_ = 0;
  std::vector<Sequence> sequences_;
  bool by_host_lists_ = false;
};

TEST_P(AttentionStepTest, WhereLayersAreMakesNoDifference) {
  step({0, 1}, {200, 90}, 48);
  for (int i = 0; i < 3; ++i) step({0, 1}, {1, 1}, 48);
  place(2);
  for (int i = 0; i < 12; ++i) step({0, 1}, {1, 1}, 48);
  step({0, 2, 1}, {1, 150, 1}, 48);  // a prompt beside decode rows
  step({2, 0}, {33, 1}, 48);
  for (int i = 0; i < 5; ++i) step({0, 1, 2}, {1, 1, 1}, 48);
  place(1);
  for (int i = 0; i < 5; ++i) step({2, 0}, {1, 1}, 48);
  place(3);
  step({3, 0, 2}, {20, 1, 1}, 48);
  for (int i = 0; i < 5; ++i) step({0, 3, 2}, {1, 1, 1}, 48);  // the fourth is too short for a selection
  sequences_[1] = {1, 9, 0, sequences_[1].pages};              // another sequence takes the place
  step({1, 0}, {120, 1}, 48);
  for (int i = 0; i < 5; ++i) step({1, 0}, {1, 1}, 48);
  place(0);
  step({0, 1, 2, 3}, {1, 1, 1, 1}, 48);
}

// Lists out of host memory name rows of layers there as well, and leave what was loaded for others as it is.
TEST_P(AttentionStepTest, ListsOfTheHostComeBetweenLoadedOnes) {
  step({0, 1, 2}, {200, 90, 150}, 48);
  place(2);
  for (int i = 0; i < 9; ++i) {
    by_host_lists_ = i % 3 == 1;
    step({0, 1, 2}, {1, 1, 1}, 48);
    if (by_host_lists_) step({2, 0}, {1, 1}, 48);
  }
}

// A null table is refused in words.
TEST_P(AttentionStepTest, RefusesTablesThatAreMissing) {
  EXPECT_EQ(ctx_step_loaded(elastic_, nullptr), CTX_INVALID_ARGUMENT);
  EXPECT_EQ(ctx_pool_place(elastic_, 1, 2, nullptr), CTX_INVALID_ARGUMENT);
  EXPECT_NE(std::string(ctx_last_error()).find("used is null"), std::string::npos) << ctx_last_error();
}

INSTANTIATE_TEST_SUITE_P(Elements, AttentionStepTest, testing::Values(Element::kF16, Element::kBf16),
                         [](const auto& info) { return name(info.param); });

}  // namespace
}  // namespace cuda
}  // namespace contexture
