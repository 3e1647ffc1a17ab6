// Layers in host memory: what is loaded of them from step to step, and that moving them changes nothing.
#include "cuda/elastic_loading.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "capi/contexture.h"
#include "cuda/device_pool.h"
#include "cuda/test/support.h"

namespace contexture {
namespace cuda {
namespace {

using Ints = std::vector<int32_t>;

constexpr int32_t kLists = 4, kKvHeads = 2, kRoom = 64, kPlaces = 3, kTokens = 900, kPageTokens = 16, kDim = 64;

// Page-locked memory.
class HostBytes {
 public:
  explicit HostBytes(size_t bytes) { check(cudaMallocHost(&data_, bytes), "cudaMallocHost"); }
  ~HostBytes() { cudaFreeHost(data_); }
  char* data() { return static_cast<char*>(data_); }

 private:
  void* data_ = nullptr;
};

// Steps of some sequences that share one layer in host memory; a plain account of what is held beside them.
class LoadingTest : public testing::Test {
 protected:
  LoadingTest()
      : geometry_{1, kKvHeads, kDim, kPageTokens, kTokens / kPageTokens + 1, KvDtype::kF16, KvLayout::kPairs},
        host_(static_cast<size_t>(geometry_.layer_bytes())),
        resident_(static_cast<size_t>(kPlaces * (kRoom / kPageTokens) * geometry_.page_bytes())),
        held_(kPlaces * kLists * kRoom),
        owner_(Ints(kPlaces * kLists, 0)),
        own_slots_(kPlaces * kLists),
        load_counts_(kPlaces * kLists),
        resident_slots_(kPlaces * kLists * kRoom),
        from_(kPlaces * kLists * kRoom),
        to_(kPlaces * kLists * kRoom),
        known_(kPlaces * kLists) {
    for (int64_t i = 0; i < geometry_.layer_bytes(); ++i) host_.data()[i] = static_cast<char>(random_.below(251));
  }

  struct Row {
    int32_t place, owner, position;
    std::vector<Ints> lists;  // ascending, the last its own position
  };

  Row row(int32_t place, int32_t owner, int32_t position, size_t count) {
    Row r{place, owner, position, {}};
    for (int32_t l = 0; l < kLists; ++l) {
      std::set<int32_t> chosen{position};
      while (chosen.size() < count) chosen.insert(static_cast<int32_t>(random_.below(static_cast<size_t>(position))));
      r.lists.emplace_back(chosen.begin(), chosen.end());
    }
    return r;
  }

  void step(const std::vector<Row>& rows) {
    Ints counts, positions, places, owners, own, chosen(rows.size());
    std::iota(chosen.begin(), chosen.end(), 0);
    for (const Row& r : rows) {
      places.push_back(r.place), owners.push_back(r.owner), own.push_back(r.position);
      for (const Ints& list : r.lists) {
        counts.push_back(static_cast<int32_t>(list.size()));
        Ints padded = list;
        padded.resize(kRoom, -1);
        positions.insert(positions.end(), padded.begin(), padded.end());
      }
    }
    const DeviceBuffer<int32_t> device_counts(counts), device_positions(positions), device_places(places),
        device_owners(owners), device_own(own), device_chosen(chosen);
    LoadDifference d;
    d.rows = static_cast<int32_t>(rows.size()), d.lists = kLists, d.stride = kRoom, d.chosen = device_chosen.data();
    d.counts = device_counts.data(), d.positions = d.slots = device_positions.data();  // position p lies in slot p
    d.places = device_places.data(), d.owners = device_owners.data(), d.own = device_own.data();
    d.most_positions = kTokens, d.room = kRoom, d.held = held_.data(), d.held_owner = owner_.data();
    d.resident = resident_slots_.data(), d.own_slots = own_slots_.data(), d.load_counts = load_counts_.data();
    d.load_from = from_.data(), d.load_to = to_.data();
    load_difference(d, nullptr);
    for (int32_t group = 0; group < kLists / kKvHeads; ++group) {
      GatherRows g;
      g.geometry = geometry_, g.host = host_.data(), g.resident = resident_.data();
      g.rows = d.rows, g.lists = kLists, g.room = kRoom, g.first_list = group * kKvHeads, g.group_lists = kKvHeads;
      g.load_counts = load_counts_.data(), g.load_from = from_.data(), g.load_to = to_.data();
      if (group == group_) gather_rows(g, nullptr);
    }
    check(cudaDeviceSynchronize(), "loading");
    expect(rows);
  }

  // As a step writes its own rows.
  void fill_own(const std::vector<Row>& rows) {
    const Ints own = own_slots_.get();
    for (size_t r = 0; r < rows.size(); ++r)
      for (int32_t l = group_ * kKvHeads; l < (group_ + 1) * kKvHeads; ++l)
        for (const int64_t plane : {int64_t{0}, geometry_.value_offset()})
          check(cudaMemcpy(resident_.data() + geometry_.key_row_offset(0, own[r * kLists + l], l % kKvHeads) + plane,
                           host_.data() + geometry_.key_row_offset(0, rows[r].position, l % kKvHeads) + plane,
                           static_cast<size_t>(geometry_.row_bytes()), cudaMemcpyHostToDevice),
                "cudaMemcpy");
  }

  void expect(const std::vector<Row>& rows) {
    const Ints resident = resident_slots_.get(), own = own_slots_.get(), loads = load_counts_.get();
    const std::vector<char> bytes = resident_.get();
    for (size_t r = 0; r < rows.size(); ++r)
      for (int32_t l = 0; l < kLists; ++l) {
        SCOPED_TRACE("row " + std::to_string(r) + ", list " + std::to_string(l));
        const size_t at = r * kLists + l;
        auto& [owner, held] = known_[rows[r].place * kLists + l];
        if (owner != rows[r].owner) held.clear(), owner = rows[r].owner;
        int32_t missing = 0;
        for (const int32_t p : rows[r].lists[l]) missing += p != rows[r].position && held.count(p) == 0;
        ASSERT_EQ(loads[at], missing);
        std::set<int32_t> slots(resident.begin() + at * kRoom, resident.begin() + at * kRoom + rows[r].lists[l].size());
        ASSERT_EQ(slots.size(), rows[r].lists[l].size()) << "a slot twice";
        ASSERT_TRUE(slots.count(own[at])) << "the row's own slot is none of them";
        for (const int32_t slot : slots) ASSERT_EQ(slot / kRoom, rows[r].place);
        if (l / kKvHeads == group_) expect_rows(bytes, rows[r], l, slots, own[at]);
        // Held besides is what was not overwritten; the device says which.
        const Ints now = held_.get();
        held.clear();
        for (int32_t i = 0; i < kRoom; ++i) {
          const int32_t p = now[(rows[r].place * kLists + l) * kRoom + i];
          if (p >= 0) ASSERT_TRUE(held.insert(p).second) << "a position twice";
        }
        for (const int32_t p : rows[r].lists[l]) ASSERT_TRUE(held.count(p));
      }
  }

  // The rows in these slots are those of the list's positions, in some order; the row's own is not there yet.
  void expect_rows(const std::vector<char>& bytes, const Row& row, int32_t list, std::set<int32_t> slots, int32_t own) {
    slots.erase(own);
    std::multiset<std::string> expected, actual;
    for (const int32_t p : row.lists[list])
      if (p != row.position) expected.insert(row_bytes(host_.data(), p, list % kKvHeads));
    for (const int32_t slot : slots) actual.insert(row_bytes(bytes.data(), slot, list % kKvHeads));
    ASSERT_EQ(actual, expected);
  }
  std::string row_bytes(const char* pages, int32_t slot, int32_t head) const {
    const char* key = pages + geometry_.key_row_offset(0, slot, head);
    return std::string(key, key + geometry_.row_bytes()) +
           std::string(key + geometry_.value_offset(), key + geometry_.value_offset() + geometry_.row_bytes());
  }

  const PoolGeometry geometry_;
  Random random_{7};
  HostBytes host_;
  DeviceBuffer<char> resident_;
  DeviceBuffer<int32_t> held_, owner_, own_slots_, load_counts_, resident_slots_, from_, to_;
  std::vector<std::pair<int32_t, std::set<int32_t>>> known_;  // of each place and list
  const int32_t group_ = 1;                                   // whose layer is looked at
};

TEST_F(LoadingTest, OnlyWhatIsMissingIsLoadedStepByStep) {
  std::vector<Row> rows{row(2, 1, 700, 60), row(0, 2, 300, 64)};
  step(rows);
  fill_own(rows);
  for (int turn = 1; turn < 40; ++turn) {
    for (Row& r : rows) {
      ++r.position;
      for (Ints& list : r.lists) {  // some change, the oldest goes, the own position comes
        list.erase(list.begin());
        for (int i = 0; i < 6; ++i) {
          const auto other = static_cast<int32_t>(random_.below(static_cast<size_t>(r.position)));
          if (std::find(list.begin(), list.end(), other) == list.end()) list[random_.below(list.size())] = other;
        }
        list.push_back(r.position);
        std::sort(list.begin(), list.end());
        list.erase(std::unique(list.begin(), list.end()), list.end());
      }
    }
    step(rows);
    fill_own(rows);
  }
}

TEST_F(LoadingTest, AnotherOwnerBeginsWithNothing) {
  const Row first = row(1, 5, 500, 50);
  step({first});
  Row second = first;
  second.owner = 6;
  step({second});
  step({row(1, 6, 501, 3), row(0, 7, 200, 64)});
}

TEST(LoadingHost, RefusesMorePositionsThanThereIsRoomFor) {
  LoadDifference d;
  d.rows = d.lists = 1, d.room = 2048, d.most_positions = static_cast<int32_t>(most_loadable_positions(2048)) + 1;
  EXPECT_THROW(load_difference(d, nullptr), std::invalid_argument);
  EXPECT_GT(most_loadable_positions(4096), 1 << 20);
}

constexpr int32_t kLayers = 4, kPages = 1024;

class ElasticPoolTest : public testing::Test {
 protected:
  void SetUp() override {
    id_ =
        ctx_pool_create_elastic(kLayers, kKvHeads, kDim, kPageTokens, kPages, 1, 16 << 20, 24 << 20, kPlaces, kLists, kRoom);
    ASSERT_GT(id_, 0) << ctx_last_error();
  }
  void TearDown() override { EXPECT_EQ(ctx_pool_destroy(id_), CTX_OK); }

  void fill(const Ints& pages) {
    const auto pool = DevicePoolRegistry::instance().find(id_);
    std::vector<char> bytes(static_cast<size_t>(pool->geometry().page_bytes()));
    for (int32_t layer = 0; layer < kLayers; ++layer)
      for (const int32_t page : pages) {
        for (size_t i = 0; i < bytes.size(); i += 2)  // halves of 0 to 255
          *reinterpret_cast<uint16_t*>(&bytes[i]) = float_to_half(static_cast<float>((layer * 31 + page * 7 + i / 2) % 256));
        char* at = static_cast<char*>(pool->layer(layer).pages) + page * pool->geometry().page_bytes();
        check(cudaMemcpy(at, bytes.data(), bytes.size(), cudaMemcpyDefault), "cudaMemcpy");
      }
  }
  void expect_filled(const Ints& pages) {
    const auto pool = DevicePoolRegistry::instance().find(id_);
    std::vector<float> row(kDim);
    for (int32_t layer = 0; layer < kLayers; ++layer)
      for (const int32_t page : pages) {
        ASSERT_EQ(ctx_pool_read(id_, layer, page, 3, 1, 1, row.data()), CTX_OK) << ctx_last_error();
        const int64_t first = (pool->geometry().key_row_offset(0, 3, 1) + pool->geometry().value_offset()) / 2;
        for (int32_t i = 0; i < kDim; ++i)
          ASSERT_EQ(row[i], static_cast<float>((layer * 31 + page * 7 + first + i) % 256)) << "layer " << layer;
      }
  }

  int64_t id_ = 0;
};

TEST_F(ElasticPoolTest, LayersGoAndComeWithWhatIsInThem) {
  const Ints used{0, 5, 300, 511}, more{0, 5, 300, 511, 700};
  EXPECT_EQ(ctx_pool_host_layers(id_), 3);
  EXPECT_EQ(ctx_pool_page_limit(id_, 0), 512);
  EXPECT_EQ(ctx_pool_page_limit(id_, 2), 768) << "16 MiB less twice what selections name, for two layers";
  EXPECT_EQ(ctx_pool_page_limit(id_, 3), 1024);
  fill(used);
  ASSERT_EQ(ctx_pool_place(id_, 2, 4, used.data()), CTX_OK) << ctx_last_error();
  expect_filled(used);
  fill(more);
  ASSERT_EQ(ctx_pool_place(id_, 3, 5, more.data()), CTX_OK) << ctx_last_error();
  expect_filled(more);
  EXPECT_EQ(ctx_pool_place(id_, 0, 5, more.data()), CTX_INVALID_ARGUMENT) << "page 700 has no room then";
  expect_filled(more);
  ASSERT_EQ(ctx_pool_place(id_, 1, 4, used.data()), CTX_OK) << ctx_last_error();
  expect_filled(used);
  ASSERT_EQ(ctx_pool_place(id_, 0, 4, used.data()), CTX_OK) << ctx_last_error();
  expect_filled(used);
  ASSERT_EQ(ctx_pool_copy(id_, 5, 6, kPageTokens), CTX_OK);
}

TEST_F(ElasticPoolTest, PagesOfHostLayersAreCopiedLikeOthers) {
  const Ints used{2};
  fill(used);
  ASSERT_EQ(ctx_pool_place(id_, 2, 1, used.data()), CTX_OK) << ctx_last_error();
  ASSERT_EQ(ctx_pool_copy(id_, 2, 9, kPageTokens), CTX_OK) << ctx_last_error();
  std::vector<float> from(kDim), to(kDim);
  for (int32_t layer = 0; layer < kLayers; ++layer) {
    ASSERT_EQ(ctx_pool_read(id_, layer, 2, 7, 0, 0, from.data()), CTX_OK);
    ASSERT_EQ(ctx_pool_read(id_, layer, 9, 7, 0, 0, to.data()), CTX_OK);
    EXPECT_EQ(from, to);
  }
}

TEST_F(ElasticPoolTest, CapturedGraphsServeAgainWhenLayersAreWhereTheyWere) {
  const auto pool = DevicePoolRegistry::instance().find(id_);
  ASSERT_EQ(ctx_pool_place(id_, 1, 0, nullptr), CTX_OK) << ctx_last_error();
  const int32_t one = pool->layout();
  ASSERT_EQ(ctx_pool_place(id_, 2, 0, nullptr), CTX_OK) << ctx_last_error();
  EXPECT_NE(pool->layout(), one);
  ASSERT_EQ(ctx_pool_place(id_, 1, 0, nullptr), CTX_OK) << ctx_last_error();
  EXPECT_EQ(pool->layout(), one);
}

TEST_F(ElasticPoolTest, RefusesWhatItCannotDo) {
  EXPECT_EQ(ctx_pool_place(id_, 4, 0, nullptr), CTX_INVALID_ARGUMENT) << "host memory for three layers";
  EXPECT_EQ(ctx_pool_create_elastic(kLayers, kKvHeads, kDim, kPageTokens, kPages, 1, 16 << 20, 0, kPlaces, kLists, 60), 0)
      << "no multiple of a page";
}

}  // namespace
}  // namespace cuda
}  // namespace contexture
