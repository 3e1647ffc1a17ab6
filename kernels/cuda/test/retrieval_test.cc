// The retrieval head's keys, scores and selections on the device against double sums over what the pool holds.
#include "cuda/retrieval.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "cuda/test/support.h"

namespace contexture {
namespace cuda {
namespace {

struct Shape {
  int32_t head_dim, groups, kv_heads, heads_per_list, page_tokens;

  std::string name() const {
    return "dim" + std::to_string(head_dim) + "_groups" + std::to_string(groups) + "_kv" + std::to_string(kv_heads) +
           "_heads" + std::to_string(heads_per_list) + "_page" + std::to_string(page_tokens);
  }
};
std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.name(); }

std::vector<Shape> grid() {
  std::vector<Shape> shapes;
  int32_t turn = 0;
  for (const int32_t head_dim : {32, 64, 80, 96, 128, 160, 192, 224, 256})
    for (const int32_t heads : {1, 2, 3, 4, 9, 16})
      shapes.push_back({head_dim, 1 + turn % 2, 1 + turn % 3, heads, 8 << turn++ % 5});
  return shapes;
}

SelectionRule rule(int32_t budget, int32_t sink, int32_t recent, int32_t heads = SelectionRule::kMaxOfHeads) {
  SelectionRule r;
  r.budget = budget, r.sink = sink, r.recent = recent, r.heads = heads;
  return r;
}

constexpr int32_t kTokens = 3000, kManyTokens = 20000, kStride = 640;

// Sequences of the same keys on pages of their own.
class World {
 public:
  World(const Shape& shape, size_t rows, bool equal_keys = false, int32_t tokens = kTokens)
      : shape_(shape), tokens_(tokens), rotary_(tokens, shape.head_dim) {
    Random random(13);
    g_.groups = shape.groups, g_.kv_heads = shape.kv_heads, g_.query_heads = shape.kv_heads * shape.heads_per_list;
    g_.head_dim = shape.head_dim, g_.page_tokens = shape.page_tokens;
    per_sequence_ = (tokens + shape.page_tokens - 1) / shape.page_tokens;
    g_.pages = per_sequence_ * static_cast<int32_t>(rows);
    pages_ = shuffled_pages(random, g_.pages);
    for (size_t row = 0; row < rows; ++row) page_offsets_.push_back(per_sequence_ * static_cast<int32_t>(row));
    pool_ = std::make_unique<DeviceBuffer<char>>(static_cast<size_t>(g_.pool_bytes()));
    check(cudaMemset(pool_->data(), 0xff, pool_->bytes()), "cudaMemset");
    keys_.resize(static_cast<size_t>(tokens) * g_.lists() * shape.head_dim, 1.0f);
    if (!equal_keys)
      for (float& x : keys_) x = random.value();
    if (equal_keys)
      std::fill(rotary_.cos.begin(), rotary_.cos.end(), 1.0f), std::fill(rotary_.sin.begin(), rotary_.sin.end(), 0.0f);
    queries_.resize(rows * g_.groups * g_.query_heads * shape.head_dim);
    for (float& x : queries_) x = 2 * random.value();
    cos_ = std::make_unique<DeviceBuffer<float>>(rotary_.cos), sin_ = std::make_unique<DeviceBuffer<float>>(rotary_.sin);
    for (size_t row = 0; row < rows; ++row) append(row);
  }

  struct Selected {
    std::vector<int32_t> counts, chosen, slots;
    std::vector<float> mass;
  };

  // block_ends: of all rows.
  Selected select(const std::vector<int32_t>& positions, const std::vector<SelectionRule>& rules,
                  const std::vector<int32_t>& block_ends = {}) const {
    const size_t lists = positions.size() * g_.lists();
    DeviceBuffer<int32_t> at(positions), offsets(page_offsets_), pages(pages_), counts(lists), chosen(lists * kStride),
        slots(lists * kStride);
    DeviceBuffer<SelectionRule> device_rules(rules);
    DeviceBuffer<float> queries(queries_), mass(lists);
    SelectDeviceRows s;
    s.geometry = g_, s.pool = pool_->data(), s.rows = static_cast<int32_t>(positions.size()), s.most_positions = tokens_;
    s.positions = at.data(), s.page_offsets = offsets.data(), s.pages = pages.data(), s.rules = device_rules.data();
    s.queries = queries.data(), s.rope_cos = cos_->data(), s.rope_sin = sin_->data(), s.stride = kStride;
    std::vector<int32_t> block_offsets, all_ends;
    for (size_t row = 0; row <= positions.size(); ++row) {
      block_offsets.push_back(static_cast<int32_t>(row * block_ends.size()));
      if (row < positions.size()) all_ends.insert(all_ends.end(), block_ends.begin(), block_ends.end());
    }
    DeviceBuffer<int32_t> device_offsets(block_offsets), device_ends(all_ends);
    if (!block_ends.empty()) {
      s.most_blocks = static_cast<int32_t>(block_ends.size()) + 1;
      s.block_offsets = device_offsets.data(), s.block_ends = device_ends.data();
    }
    DeviceBuffer<float> workspace(workspace_floats(s));
    check(cudaMemset(workspace.data(), 0xff, workspace.bytes()), "cudaMemset");
    check(cudaMemset(chosen.data(), 0xff, chosen.bytes()), "cudaMemset");
    check(cudaMemset(slots.data(), 0xff, slots.bytes()), "cudaMemset");
    s.workspace = workspace.data(), s.counts = counts.data(), s.chosen = chosen.data(), s.slots = slots.data(),
    s.mass = mass.data();
    score_and_select(s, nullptr);
    check(cudaDeviceSynchronize(), "score_and_select");
    return {counts.get(), chosen.get(), slots.get(), mass.get()};
  }

  // Whether keys are what they should be after their rounding.
  void expect_keys() const {
    const std::vector<char> pool = pool_->get();
    for (const int32_t p : {0, 1, 17, 1024, tokens_ - 1})
      for (int32_t list = 0; list < g_.lists(); ++list) {
        const std::vector<double> exact = rotated_key(p, list), kept = stored_key(pool, 0, p, list);
        double largest = 0;
        for (const double x : exact) largest = std::max(largest, std::fabs(x));
        for (int32_t i = 0; i < g_.head_dim; ++i)
          ASSERT_NEAR(kept[i], exact[i], 0.5001 * largest / 7) << "position " << p << ", list " << list << ", value " << i;
      }
  }

  void expect_right(const std::vector<int32_t>& positions, const std::vector<SelectionRule>& rules) const {
    const Selected actual = select(positions, rules);
    const std::vector<char> pool = pool_->get();
    for (size_t row = 0; row < positions.size(); ++row)
      for (int32_t list = 0; list < g_.lists(); ++list) {
        SCOPED_TRACE("row " + std::to_string(row) + ", list " + std::to_string(list));
        const size_t at = row * g_.lists() + list;
        const int32_t position = positions[row];
        if (position < 0) {
          ASSERT_EQ(actual.counts[at], -1);
          continue;
        }
        const SelectionRule& r = rules[row];
        ASSERT_EQ(actual.counts[at], r.most(position));
        const std::vector<int32_t> chosen(actual.chosen.begin() + at * kStride,
                                          actual.chosen.begin() + at * kStride + actual.counts[at]);
        ASSERT_TRUE(std::is_sorted(chosen.begin(), chosen.end()) &&
                    std::adjacent_find(chosen.begin(), chosen.end()) == chosen.end());
        ASSERT_EQ(actual.chosen[at * kStride + actual.counts[at]], -1) << "written behind the list";
        for (size_t i = 0; i < chosen.size(); ++i) ASSERT_EQ(actual.slots[at * kStride + i], slot(row, chosen[i]));
        expect_heaviest(pool, row, list, r, position, chosen, actual.mass[at]);
      }
  }

  // Lists that differ from the plain selection; values between two steps may be rounded either way, which may tip a block.
  int32_t differing_lists(const std::vector<int32_t>& positions, const std::vector<SelectionRule>& rules,
                          const std::vector<int32_t>& block_ends) const {
    const Selected actual = select(positions, rules, block_ends);
    const std::vector<char> pool = pool_->get();
    int32_t differing = 0;
    for (size_t row = 0; row < positions.size(); ++row)
      for (int32_t list = 0; list < g_.lists(); ++list) {
        const size_t at = row * g_.lists() + list;
        const std::vector<double> exact = middle_weights(pool, row, list, rules[row], positions[row]);
        const std::vector<int32_t> expected = reference::selected_positions(
            rules[row], positions[row], std::vector<float>(exact.begin(), exact.end()), block_ends);
        const std::vector<int32_t> chosen(actual.chosen.begin() + at * kStride,
                                          actual.chosen.begin() + at * kStride + actual.counts[at]);
        differing += chosen != expected;
        for (size_t i = 0; i < chosen.size(); ++i) EXPECT_EQ(actual.slots[at * kStride + i], slot(row, chosen[i]));
      }
    return differing;
  }

  int32_t slot(size_t row, int32_t p) const {
    return pages_[page_offsets_[row] + p / g_.page_tokens] * g_.page_tokens + p % g_.page_tokens;
  }
  const DeviceKeyGeometry& geometry() const { return g_; }

 private:
  void append(size_t row) {
    std::vector<int32_t> positions(tokens_), slots(tokens_);
    for (int32_t p = 0; p < tokens_; ++p) positions[p] = p, slots[p] = slot(row, p);
    DeviceBuffer<int32_t> at(positions), to(slots);
    DeviceBuffer<float> keys(keys_);
    AppendDeviceKeys a;
    a.geometry = g_, a.pool = pool_->data(), a.rows = tokens_, a.keys = keys.data(), a.positions = at.data(),
    a.slots = to.data();
    a.rope_cos = cos_->data(), a.rope_sin = sin_->data();
    append_keys(a, nullptr);
    check(cudaDeviceSynchronize(), "append_keys");
  }

  std::vector<double> rotated(const float* x, int32_t p) const {
    const size_t angle = static_cast<size_t>(p) * (g_.head_dim / 2);
    return reference::norm_and_rotate(x, nullptr, 0, &rotary_.cos[angle], &rotary_.sin[angle], g_.head_dim);
  }
  std::vector<double> rotated_key(int32_t p, int32_t list) const {
    return rotated(&keys_[(static_cast<size_t>(p) * g_.lists() + list) * g_.head_dim], p);
  }
  std::vector<double> stored_key(const std::vector<char>& pool, size_t row, int32_t p, int32_t list) const {
    const int32_t s = slot(row, p);
    const char* part = pool.data() + s / g_.page_tokens * g_.page_bytes() + list * g_.list_bytes();
    float size;
    std::memcpy(&size, part + g_.scales_offset() + s % g_.page_tokens * sizeof(float), sizeof size);
    std::vector<double> key;
    for (int32_t i = 0; i < g_.head_dim; ++i) {
      const auto byte = static_cast<uint8_t>(part[s % g_.page_tokens * g_.row_bytes() + i / 2]);
      key.push_back(((i % 2 == 0 ? byte : byte >> 4) % 16 - 8) * static_cast<double>(size));
    }
    return key;
  }

  std::vector<double> middle_weights(const std::vector<char>& pool, size_t row, int32_t list, const SelectionRule& r,
                                     int32_t position) const {
    std::vector<std::vector<double>> scores;
    for (int32_t h = 0; h < shape_.heads_per_list; ++h) {
      const size_t at = ((row * g_.lists() + list) * shape_.heads_per_list + h) * g_.head_dim;
      const std::vector<double> q = reference::rounded_to_steps(rotated(&queries_[at], position), 127);
      scores.emplace_back();
      for (int32_t p = r.middle_first(position); p < r.middle_last(position); ++p) {
        const std::vector<double> key = stored_key(pool, row, p, list);
        double score = 0;
        for (int32_t i = 0; i < g_.head_dim; ++i) score += q[i] * key[i];
        scores.back().push_back(score / std::sqrt(static_cast<double>(g_.head_dim)));
      }
    }
    return reference::position_weights(scores, r.heads == SelectionRule::kMeanOfHeads);
  }

  // Nothing that was left out weighs clearly more than something that was chosen; a value between two steps may be rounded
  // either way.
  void expect_heaviest(const std::vector<char>& pool, size_t row, int32_t list, const SelectionRule& r, int32_t position,
                       const std::vector<int32_t>& chosen, float mass) const {
    const int32_t first = r.middle_first(position), last = r.middle_last(position);
    if (first >= last) return;
    const std::vector<double> weights = middle_weights(pool, row, list, r, position);
    std::vector<bool> in(weights.size());
    double held = 0, total = 0, lightest = INFINITY, heaviest = 0;
    for (const int32_t p : chosen)
      if (p >= first && p < last) in[p - first] = true;
    for (size_t i = 0; i < weights.size(); ++i) {
      total += weights[i];
      if (in[i]) held += weights[i], lightest = std::min(lightest, weights[i]);
      else heaviest = std::max(heaviest, weights[i]);
    }
    EXPECT_GE(lightest, 0.99 * heaviest);
    EXPECT_NEAR(mass, held / total, 2e-3);
  }

  const Shape shape_;
  const int32_t tokens_;
  Rotary rotary_;
  DeviceKeyGeometry g_;
  int32_t per_sequence_ = 0;
  std::vector<int32_t> pages_, page_offsets_;
  std::vector<float> keys_, queries_;
  std::unique_ptr<DeviceBuffer<char>> pool_;
  std::unique_ptr<DeviceBuffer<float>> cos_, sin_;
};

class RetrievalOf : public testing::TestWithParam<Shape> {};

TEST_P(RetrievalOf, ChoosesTheHeaviestPositions) {
  const World world(GetParam(), 6);
  world.expect_keys();
  world.expect_right({kTokens - 1, 1023, -1, 700, 40, 1024},
                     {rule(512, 4, 64), rule(100, 0, 1), rule(512, 4, 64), rule(630, 5, 600, SelectionRule::kMeanOfHeads),
                      rule(512, 4, 64), rule(77, 3, 8, SelectionRule::kMeanOfHeads)});
}

INSTANTIATE_TEST_SUITE_P(Shapes, RetrievalOf, testing::ValuesIn(grid()), [](const auto& info) { return info.param.name(); });

// Long rows are divided among the blocks of a cluster.
TEST(Retrieval, LongRows) {
  const World world({128, 2, 2, 4, 32}, 4, false, kManyTokens);
  world.expect_keys();
  world.expect_right({kManyTokens - 1, 8191, 17000, 100},
                     {rule(512, 4, 64), rule(500, 0, 1), rule(630, 4, 64, SelectionRule::kMeanOfHeads), rule(512, 4, 64)});
}

// Blocks of irregular length, and a rest behind the last one.
TEST(Retrieval, BlocksAreKeptAsThePlainVersionKeepsThem) {
  std::vector<int32_t> ends;
  for (int32_t end = 0, turn = 0; end < 2900; ++turn) ends.push_back(end += 5 + turn * 7 % 23);
  for (const int32_t pooling : {SelectionRule::kSum, SelectionRule::kMax, SelectionRule::kMean}) {
    const World world({64, 3, 2, 3, 32}, 5);
    SelectionRule blocks = rule(512, 4, 64), two_level = rule(256, 4, 64), wide = rule(256, 4, 64);
    blocks.unit = SelectionRule::kBlocks, blocks.pooling = pooling;
    two_level.unit = SelectionRule::kTwoLevel, two_level.pooling = pooling, two_level.residency = 900;
    wide.unit = SelectionRule::kTwoLevel, wide.pooling = pooling, wide.residency = 5000;
    EXPECT_LE(
        world.differing_lists({2999, 2999, 1700, 2000, 300}, {blocks, two_level, blocks, wide, rule(200, 4, 64)}, ends), 1);
  }
}

TEST(Retrieval, EqualBlocksAreTakenFromTheFront) {
  const World world({128, 1, 1, 4, 16}, 1, true, kTokens);
  SelectionRule r = rule(300, 4, 64);
  r.unit = SelectionRule::kBlocks;
  std::vector<int32_t> ends;
  for (int32_t end = 16; end <= kTokens; end += 16) ends.push_back(end);
  const World::Selected selected = world.select({kTokens - 1}, {r}, ends);
  // Room for 232: fourteen whole blocks, which sum up to more than the first's rest, then the rest before the recent window.
  ASSERT_EQ(selected.counts[0], 300);
  for (int32_t i = 0; i < 300; ++i) ASSERT_EQ(selected.chosen[i], i < 4 ? i : i < 228 ? 12 + i : kTokens - 300 + i);
}

TEST(Retrieval, EqualWeightsAreTakenFromTheFront) {
  for (const int32_t tokens : {2501, kManyTokens}) {
    const World world({128, 1, 1, 4, 16}, 1, true, tokens);
    const SelectionRule r = rule(300, 4, 64);
    const World::Selected selected = world.select({tokens - 1}, {r});
    ASSERT_EQ(selected.counts[0], 300);
    for (int32_t i = 0; i < 300; ++i) ASSERT_EQ(selected.chosen[i], i < 236 ? i : tokens - 300 + i);
    EXPECT_NEAR(selected.mass[0], 232.0 / (tokens - 68), 1e-4);
  }
}

TEST(Retrieval, ShortRowsSelectEverything) {
  const World world({64, 2, 2, 3, 32}, 3);
  const World::Selected selected = world.select({0, 67, 511}, {rule(512, 4, 64), rule(512, 4, 64), rule(512, 4, 64)});
  for (int32_t list = 0; list < 4; ++list) {
    EXPECT_EQ(selected.counts[list], 1);
    EXPECT_EQ(selected.counts[4 + list], 68);
    EXPECT_EQ(selected.counts[8 + list], 512);
    for (int32_t i = 0; i < 512; ++i) ASSERT_EQ(selected.chosen[(8 + list) * kStride + i], i);
    EXPECT_EQ(selected.mass[8 + list], 1.0f);
  }
}

TEST(Retrieval, RowsDoNotDependOnEachOther) {
  const World world({64, 2, 2, 3, 32}, 2);
  const World::Selected both = world.select({2000, 2999}, {rule(256, 4, 64), rule(256, 4, 64)});
  const World::Selected one = world.select({2000, -1}, {rule(256, 4, 64), rule(256, 4, 64)});
  const size_t lists = 4;
  EXPECT_TRUE(std::equal(one.chosen.begin(), one.chosen.begin() + lists * kStride, both.chosen.begin()));
}

TEST(RetrievalHost, RefusesWhatItHasNoKernelFor) {
  SelectDeviceRows s;
  s.rows = 1, s.geometry.groups = 1, s.geometry.kv_heads = 1, s.geometry.query_heads = 17, s.geometry.head_dim = 64,
  s.geometry.page_tokens = 16;
  EXPECT_THROW(score_and_select(s, nullptr), std::invalid_argument);
  s.geometry.query_heads = 4, s.geometry.head_dim = 258;
  EXPECT_THROW(score_and_select(s, nullptr), std::invalid_argument);
  s.geometry.head_dim = 64, s.geometry.page_tokens = 12;
  EXPECT_THROW(score_and_select(s, nullptr), std::invalid_argument);
}

}  // namespace
}  // namespace cuda
}  // namespace contexture
