// The C interface: what it refuses and with which words, what it keeps, and pools that go away.
#include "capi/contexture.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "capi/kv_pool.h"
#include "contexture/execution.h"

namespace contexture {
namespace {

constexpr int32_t kPages = 6, kPageTokens = 16, kLayers = 2, kKvHeads = 3, kHeadDim = 64;

class Pool : public testing::Test {
 protected:
  void TearDown() override {
    if (id_ != 0) EXPECT_EQ(ctx_pool_destroy(id_), CTX_OK);
  }
  int32_t set(const std::vector<int32_t>& query_len, const std::vector<int32_t>& context_len,
              const std::vector<int32_t>& page_offsets, const std::vector<int32_t>& pages) const {
    return ctx_step_set(id_, static_cast<int32_t>(query_len.size()), query_len.data(), context_len.data(),
                        page_offsets.data(), pages.data());
  }
  void expect_refused(int32_t code, const std::string& words) const {
    EXPECT_EQ(code, CTX_INVALID_ARGUMENT);
    EXPECT_NE(std::string(ctx_last_error()).find(words), std::string::npos)
        << "said: " << ctx_last_error() << "\nwanted: " << words;
  }
  StepView step() const { return PoolRegistry::instance().find(id_)->step(); }

  int64_t id_ = ctx_pool_create(kLayers, kKvHeads, kHeadDim, kPageTokens, kPages, 1);
};

struct BadGeometry {
  const char* name;
  int32_t layers, kv_heads, head_dim, page_tokens, pages, dtype;
  const char* words;
};
class BadGeometries : public testing::TestWithParam<BadGeometry> {};

TEST_P(BadGeometries, AreRefusedWithTheValue) {
  const BadGeometry& bad = GetParam();
  EXPECT_EQ(ctx_pool_create(bad.layers, bad.kv_heads, bad.head_dim, bad.page_tokens, bad.pages, bad.dtype), 0);
  EXPECT_NE(std::string(ctx_last_error()).find(bad.words), std::string::npos) << ctx_last_error();
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadGeometries,
    testing::Values(BadGeometry{"NoLayers", 0, 1, 64, 16, 4, 0, "layers is 0; it must be in 1..65536"},
                    BadGeometry{"ManyLayers", 65537, 1, 64, 16, 4, 0, "layers is 65537"},
                    BadGeometry{"NegativeHeads", 1, -2, 64, 16, 4, 0, "kv_heads is -2"},
                    BadGeometry{"NoHeadDim", 1, 1, 0, 16, 4, 0, "head_dim is 0"},
                    BadGeometry{"OddHeadDim", 1, 1, 65, 16, 4, 0, "head_dim is 65; it must be even"},
                    BadGeometry{"LargeHeadDim", 1, 1, 514, 16, 4, 0, "head_dim is 514; it must be in 1..512"},
                    BadGeometry{"SmallPages", 1, 1, 64, 4, 4, 0, "page_tokens is 4; it must be 8, 16, 32, 64 or 128"},
                    BadGeometry{"LargePages", 1, 1, 64, 256, 4, 0, "page_tokens is 256"},
                    BadGeometry{"UnevenPages", 1, 1, 64, 24, 4, 0, "page_tokens is 24"},
                    BadGeometry{"NoPages", 1, 1, 64, 16, 0, 0, "pages is 0"},
                    BadGeometry{"UnknownType", 1, 1, 64, 16, 4, 3, "dtype is 3; it must be 0 (f32), 1 (f16) or 2 (bf16)"},
                    BadGeometry{"BrainFloats", 1, 1, 64, 16, 4, 2, "dtype is 2 (bf16), which only pools of CUDA devices hold"},
                    BadGeometry{"Overflow", 65536, 65536, 512, 128, 1 << 24, 0, "take fewer pages"}),
    [](const auto& info) { return info.param.name; });

TEST(CApi, OutOfMemoryIsSaid) {
  // 2^46 bytes pass the checks of the geometry, but a process has addresses for one such pool at most.
  std::vector<int64_t> pools;
  int64_t pool = 0;
  while ((pool = ctx_pool_create(1 << 10, 1 << 4, 512, 128, 1 << 13, 0)) != 0 && pools.size() < 8) pools.push_back(pool);
  EXPECT_EQ(pool, 0);
  EXPECT_STREQ(ctx_last_error(), "ctx_pool_create: out of memory");
  for (const int64_t id : pools) EXPECT_EQ(ctx_pool_destroy(id), CTX_OK);
}

TEST(CApi, StalePoolIsAnErrorEverywhere) {
  const int64_t pool = ctx_pool_create(1, 1, 64, 16, 4, 0);
  ASSERT_GT(pool, 0);
  EXPECT_EQ(ctx_pool_destroy(pool), CTX_OK);
  const int32_t one[2] = {0, 1};
  float row[64];
  for (const int64_t stale : {pool, int64_t{0}, int64_t{-1}, int64_t{1} << 40}) {
    EXPECT_EQ(ctx_pool_destroy(stale), CTX_UNKNOWN_POOL);
    EXPECT_EQ(ctx_pool_bytes(stale), 0);
    EXPECT_EQ(ctx_step_set(stale, 1, one + 1, one, one, one), CTX_UNKNOWN_POOL);
    EXPECT_EQ(ctx_pool_read(stale, 0, 0, 0, 0, 0, row), CTX_UNKNOWN_POOL);
    EXPECT_EQ(ctx_last_error(), "ctx_pool_read: there is no pool " + std::to_string(stale) +
                                    "; it was never created or has been destroyed");
  }
  const int64_t next = ctx_pool_create(1, 1, 64, 16, 4, 0);
  EXPECT_GT(next, pool) << "an id must not come back";
  EXPECT_EQ(ctx_pool_destroy(next), CTX_OK);
}

TEST(CApi, BytesCountThePaddedRows) {
  const int64_t f32 = ctx_pool_create(3, 2, 64, 16, 5, 0), f16 = ctx_pool_create(3, 2, 72, 16, 5, 1);
  EXPECT_EQ(ctx_pool_bytes(f32), 3 * 5 * 2 * 2 * 16 * 64 * 4);
  EXPECT_EQ(ctx_pool_bytes(f16), 3 * 5 * 2 * 2 * 16 * 80 * 2);
  EXPECT_EQ(ctx_pool_destroy(f32), CTX_OK);
  EXPECT_EQ(ctx_pool_destroy(f16), CTX_OK);
}

// Of the memory that holds [begin, begin + bytes).
int64_t resident_pages(const char* begin, int64_t bytes) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t first = reinterpret_cast<uintptr_t>(begin) & ~(page - 1);
  const uintptr_t length = reinterpret_cast<uintptr_t>(begin) + static_cast<uintptr_t>(bytes) - first;
  std::vector<unsigned char> in_core((length + page - 1) / page);
  EXPECT_EQ(mincore(reinterpret_cast<void*>(first), length, in_core.data()), 0);
  return std::count_if(in_core.begin(), in_core.end(), [](unsigned char flags) { return (flags & 1) != 0; });
}

TEST(CApi, PretouchTakesTheMemoryOfTheFirstPagesOfAllLayers) {
  constexpr int32_t kLayers = 3, kManyPages = 512, kSomePages = 100;
  const int64_t id = ctx_pool_create(kLayers, 4, 128, 64, kManyPages, 1);  // 64 MiB a layer
  ASSERT_GT(id, 0);
  {
    const auto pool = PoolRegistry::instance().find(id);
    const PoolGeometry& geometry = pool->geometry();
    const auto* data = static_cast<const char*>(pool->data());
    const int64_t wanted = kSomePages * geometry.page_bytes(), os_page = sysconf(_SC_PAGESIZE);
    EXPECT_EQ(resident_pages(data, geometry.pool_bytes()), 0);
    ASSERT_EQ(ctx_pool_pretouch(id, kSomePages), CTX_OK);
    for (int32_t layer = 0; layer < kLayers; ++layer) {
      const char* begin = data + layer * geometry.layer_bytes();
      EXPECT_EQ(resident_pages(begin, wanted), wanted / os_page) << "layer " << layer;
      EXPECT_LT(resident_pages(begin, geometry.layer_bytes()), geometry.layer_bytes() / os_page) << "layer " << layer;
    }
    auto* row = static_cast<char*>(pool->data()) + geometry.layer_bytes();
    *row = 42;
    EXPECT_EQ(ctx_pool_pretouch(id, kManyPages), CTX_OK);
    EXPECT_EQ(*row, 42);
    EXPECT_EQ(row[1], 0);
  }
  EXPECT_EQ(ctx_pool_pretouch(id, kManyPages + 1), CTX_INVALID_ARGUMENT);
  EXPECT_EQ(ctx_pool_pretouch(id, -1), CTX_INVALID_ARGUMENT);
  EXPECT_EQ(ctx_pool_destroy(id), CTX_OK);
  EXPECT_EQ(ctx_pool_pretouch(id, 1), CTX_UNKNOWN_POOL);
}

TEST(CApi, ErrorsBelongToTheirThread) {
  EXPECT_EQ(ctx_pool_destroy(-7), CTX_UNKNOWN_POOL);
  std::thread([] {
    EXPECT_STREQ(ctx_last_error(), "");
    EXPECT_EQ(ctx_pool_destroy(-8), CTX_UNKNOWN_POOL);
  }).join();
  EXPECT_NE(std::string(ctx_last_error()).find("-7"), std::string::npos);
}

TEST_F(Pool, StepBecomesRowsPositionsAndSlots) {
  // Sequence 0: 3 tokens after 15, in the pages 4 and 1; sequence 1: one token at position 0 of page 5.
  ASSERT_EQ(set({3, 1}, {15, 0}, {0, 2, 3}, {4, 1, 5}), CTX_OK);
  const StepView view = step();
  ASSERT_EQ(view.num_seqs, 2);
  ASSERT_EQ(view.num_rows, 4);
  EXPECT_EQ(std::vector<int32_t>(view.row_offsets, view.row_offsets + 3), (std::vector<int32_t>{0, 3, 4}));
  EXPECT_EQ(std::vector<int32_t>(view.row_positions, view.row_positions + 4), (std::vector<int32_t>{15, 16, 17, 0}));
  EXPECT_EQ(std::vector<int64_t>(view.row_slots, view.row_slots + 4),
            (std::vector<int64_t>{4 * 16 + 15, 1 * 16 + 0, 1 * 16 + 1, 5 * 16}));
  EXPECT_EQ(PoolRegistry::instance().find(id_)->max_position(), 17);
}

TEST_F(Pool, OffsetsMayStartBehindOtherPages) {
  ASSERT_EQ(set({1, 2}, {16, 0}, {2, 4, 5}, {9999, -1, 3, 2, 0}), CTX_OK);
  const StepView view = step();
  EXPECT_EQ(std::vector<int32_t>(view.page_offsets, view.page_offsets + 3), (std::vector<int32_t>{0, 2, 3}));
  EXPECT_EQ(std::vector<int32_t>(view.pages, view.pages + 3), (std::vector<int32_t>{3, 2, 0}));
  EXPECT_EQ(view.row_slots[0], 2 * 16);
}

TEST_F(Pool, RefusedStepsLeaveTheLastOne) {
  ASSERT_EQ(set({2}, {7}, {0, 1}, {3}), CTX_OK);
  const std::vector<int32_t> none;
  expect_refused(set(none, none, {0}, none), "num_seqs is 0; it must be in 1..");
  expect_refused(set({0}, {0}, {0, 1}, {0}), "sequence 0: query_len is 0");
  expect_refused(set({1, -1}, {0, 0}, {0, 1, 2}, {0, 1}), "sequence 1: query_len is -1");
  expect_refused(set({1}, {-1}, {0, 1}, {0}), "sequence 0: context_len is -1; it must be >= 0");
  expect_refused(set({1}, {0}, {-1, 1}, {0}), "page_offsets[0] is -1");
  expect_refused(set({1, 1}, {0, 0}, {0, 2, 1}, {0, 1}), "sequence 1: page_offsets fall from 2 to 1");
  expect_refused(set({1}, {0}, {0, 0}, {0}), "sequence 0 has 0 pages of 16 tokens; 1 tokens need more");
  expect_refused(set({1}, {32}, {0, 2}, {0, 1}), "sequence 0 has 2 pages of 16 tokens; 33 tokens need more");
  expect_refused(set({1}, {INT32_MAX}, {0, 1}, {0}), "2147483648 tokens; that is too many");
  expect_refused(set({1}, {0}, {0, 1}, {kPages}), "sequence 0: a page is 6; it must be in 0..5");
  expect_refused(set({1}, {0}, {0, 1}, {-1}), "sequence 0: a page is -1; it must be in 0..5");
  expect_refused(set({(1 << 24) + 1}, {0}, {0, 1}, {0}), "query_len is 16777217");
  const int32_t table[2] = {1, 1};
  for (int missing = 0; missing < 4; ++missing)
    expect_refused(ctx_step_set(id_, 1, missing == 0 ? nullptr : table, missing == 1 ? nullptr : table,
                                missing == 2 ? nullptr : table, missing == 3 ? nullptr : table),
                   "a table of the step is null");
  EXPECT_EQ(step().num_rows, 2);
  EXPECT_EQ(step().context_len[0], 7);
  EXPECT_EQ(step().row_slots[1], 3 * 16 + 8);
}

TEST_F(Pool, ReadsZerosAndThenWhatWasWritten) {
  std::vector<float> row(kHeadDim, NAN);
  ASSERT_EQ(ctx_pool_read(id_, 1, 5, 15, 2, 1, row.data()), CTX_OK);
  EXPECT_EQ(row, std::vector<float>(kHeadDim, 0.0f));
  const auto pool = PoolRegistry::instance().find(id_);
  const PoolGeometry& g = pool->geometry();
  auto* halves = reinterpret_cast<uint16_t*>(static_cast<char*>(pool->data()) +
                                             g.key_row_offset(1, 5 * kPageTokens + 15, 2) + g.value_offset());
  for (int32_t i = 0; i < kHeadDim; ++i) halves[i] = static_cast<uint16_t>(0x3c00 + i);  // 1 + i / 1024
  ASSERT_EQ(ctx_pool_read(id_, 1, 5, 15, 2, 1, row.data()), CTX_OK);
  for (int32_t i = 0; i < kHeadDim; ++i) EXPECT_EQ(row[i], 1.0f + static_cast<float>(i) / 1024);
  ASSERT_EQ(ctx_pool_read(id_, 1, 5, 15, 2, 0, row.data()), CTX_OK);
  EXPECT_EQ(row, std::vector<float>(kHeadDim, 0.0f));
}

TEST_F(Pool, ReadsOutsideAreRefused) {
  float row[kHeadDim];
  expect_refused(ctx_pool_read(id_, kLayers, 0, 0, 0, 0, row), "layer is 2; it must be in 0..1");
  expect_refused(ctx_pool_read(id_, -1, 0, 0, 0, 0, row), "layer is -1");
  expect_refused(ctx_pool_read(id_, 0, kPages, 0, 0, 0, row), "page is 6");
  expect_refused(ctx_pool_read(id_, 0, 0, kPageTokens, 0, 0, row), "slot_in_page is 16");
  expect_refused(ctx_pool_read(id_, 0, 0, 0, kKvHeads, 0, row), "kv_head is 3");
  expect_refused(ctx_pool_read(id_, 0, 0, 0, 0, 2, row), "what (0 = K, 1 = V) is 2");
  expect_refused(ctx_pool_read(id_, 0, 0, 0, 0, 0, nullptr), "out is null");
}

TEST_F(Pool, LivesOnWhileInUse) {
  const auto held = PoolRegistry::instance().find(id_);  // as an operation holds it during a run
  const std::lock_guard<std::mutex> lock(held->mutex());
  EXPECT_EQ(ctx_pool_destroy(id_), CTX_OK);
  EXPECT_EQ(ctx_pool_bytes(id_), 0);
  id_ = 0;
  auto* last = static_cast<char*>(held->data()) + held->geometry().pool_bytes() - 1;
  *last = 42;
  EXPECT_EQ(*last, 42);
}

TEST_F(Pool, DestroyDuringCallsOfOtherThreads) {
  std::atomic<int> ready{0}, unexpected{0}, refused{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 3; ++t)
    callers.emplace_back([&] {
      float row[kHeadDim];
      ++ready;
      // Ends when the pool is gone, at the latest after this many calls.
      for (int i = 0; i < 10'000'000; ++i) {
        const int32_t code = i % 2 == 0 ? ctx_pool_read(id_, 0, 0, 0, 0, 0, row) : set({1}, {0}, {0, 1}, {0});
        if (code == CTX_UNKNOWN_POOL) {
          ++refused;
          return;
        }
        if (code != CTX_OK) ++unexpected;
      }
    });
  while (ready < 3) std::this_thread::yield();
  EXPECT_EQ(ctx_pool_destroy(id_), CTX_OK);
  for (std::thread& caller : callers) caller.join();
  id_ = 0;
  EXPECT_EQ(unexpected, 0);
  EXPECT_EQ(refused, 3);
}

TEST(SharedLibrary, ExportsTheInterfaceAndNothingElse) {
  void* library = dlopen(CONTEXTURE_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  for (const char* name : {"ctx_abi_version", "ctx_isa", "ctx_last_error", "ctx_pool_create", "ctx_pool_destroy",
                           "ctx_pool_bytes", "ctx_pool_pretouch", "ctx_step_set", "ctx_pool_read", "ctx_block_bytes", "ctx_block_encode",
                           "ctx_block_decode", "ctx_retrieval_keys_bytes", "ctx_retrieval_keys_read",
                           "ctx_retrieval_keys_write", "RegisterCustomOps"})
    EXPECT_NE(dlsym(library, name), nullptr) << name;
  EXPECT_EQ(dlsym(library, "_ZN10contexture10active_isaEv"), nullptr);
  const auto version = reinterpret_cast<int32_t (*)()>(dlsym(library, "ctx_abi_version"));
  EXPECT_EQ(version(), ctx_abi_version());
  const auto isa = reinterpret_cast<const char* (*)()>(dlsym(library, "ctx_isa"));
  EXPECT_STREQ(isa(), ctx_isa());
  dlclose(library);
}

}  // namespace
}  // namespace contexture
