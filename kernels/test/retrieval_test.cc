// The retrieval head's keys and scores against the reference, on every instruction set.
#include "contexture/retrieval.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <tuple>

#include "capi/retrieval_pool.h"
#include "reference/reference.h"
#include "test/isas.h"
#include "test/random.h"
#include "test/threads.h"

namespace contexture {
namespace {

constexpr int32_t kTokens = 700;

struct Shape {
  int32_t head_dim = 64, groups = 2, kv_heads = 3, heads_per_list = 3, page_tokens = 16;

  std::string name() const {
    return "dim" + std::to_string(head_dim) + "_groups" + std::to_string(groups) + "_kv" + std::to_string(kv_heads) +
           "_heads" + std::to_string(heads_per_list) + "_page" + std::to_string(page_tokens);
  }
};
inline std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.name(); }

std::vector<Shape> grid() {
  std::vector<Shape> shapes;
  int32_t turn = 0;
  for (const int32_t head_dim : {32, 64, 80, 128})
    for (const int32_t heads : {1, 2, 3, 4, 6, 9}) {
      Shape shape;
      shape.head_dim = head_dim, shape.heads_per_list = heads, shape.page_tokens = 8 << turn++ % 5;
      shape.kv_heads = turn % 2 == 0 ? 1 : 3;
      shapes.push_back(shape);
    }
  return shapes;
}

// One sequence whose keys are appended in chunks, on pages in shuffled order.
class World {
 public:
  explicit World(const Shape& shape) : shape_(shape) {
    Random random(7);
    const int32_t half = shape.head_dim / 2;
    for (int32_t p = 0; p < kTokens; ++p)
      for (int32_t i = 0; i < half; ++i) {
        const double angle = p * std::pow(1e4, -static_cast<double>(i) / half);
        cos_.push_back(static_cast<float>(std::cos(angle)));
        sin_.push_back(static_cast<float>(std::sin(angle)));
      }
    geometry_ = {shape.groups,   shape.kv_heads,    shape.kv_heads * shape.heads_per_list,
                 shape.head_dim, shape.page_tokens, kTokens / shape.page_tokens + 3};
    pool_ = std::make_unique<RetrievalPool>(geometry_, kTokens, cos_.data(), sin_.data());
    pages_.resize(static_cast<size_t>((kTokens + shape.page_tokens - 1) / shape.page_tokens));
    std::iota(pages_.begin(), pages_.end(), 1);
    for (size_t i = pages_.size(); i > 1; --i) std::swap(pages_[i - 1], pages_[random.below(i)]);
    keys_.resize(static_cast<size_t>(kTokens) * geometry_.lists() * shape.head_dim);
    for (float& x : keys_) x = random.value();
    queries_.resize(static_cast<size_t>(2) * geometry_.groups * geometry_.query_heads * shape.head_dim);
    for (float& x : queries_) x = 2 * random.value();
  }

  // Without rotation; every fifth key is the query, the others its opposite.
  void make_extreme() {
    std::fill(cos_.begin(), cos_.end(), 1.0f);
    std::fill(sin_.begin(), sin_.end(), 0.0f);
    pool_ = std::make_unique<RetrievalPool>(geometry_, kTokens, cos_.data(), sin_.data());
    std::fill(queries_.begin(), queries_.end(), 1.0f);
    const auto width = static_cast<size_t>(geometry_.lists()) * shape_.head_dim;
    for (size_t i = 0; i < keys_.size(); ++i) keys_[i] = i / width % 5 == 0 ? 1.0f : -1.0f;
  }

  void append(int32_t first, int32_t last, Isa isa, const ParallelFor& parallel = SerialFor()) {
    std::vector<int32_t> positions;
    std::vector<int64_t> slots;
    for (int32_t p = first; p < last; ++p) {
      positions.push_back(p);
      slots.push_back(static_cast<int64_t>(pages_[p / shape_.page_tokens]) * shape_.page_tokens +
                      p % shape_.page_tokens);
    }
    pool_->tables().set_append(last - first, positions.data(), slots.data());
    pool_->append(keys_.data() + static_cast<int64_t>(first) * geometry_.lists() * shape_.head_dim,
                  Execution{parallel, isa});
  }

  void select(const std::vector<int32_t>& positions, const std::vector<SelectionRule>& rules, Isa isa,
              const ParallelFor& parallel = SerialFor()) {
    std::vector<int32_t> query_offsets(positions.size() + 1);
    std::iota(query_offsets.begin(), query_offsets.end(), 0);
    select(positions, query_offsets, positions, rules, isa, parallel);
  }

  void select(const std::vector<int32_t>& positions, const std::vector<int32_t>& query_offsets,
              const std::vector<int32_t>& query_positions, const std::vector<SelectionRule>& rules, Isa isa,
              const ParallelFor& parallel = SerialFor()) {
    std::vector<int32_t> page_offsets{0}, pages, block_offsets(positions.size() + 1, 0), no_blocks(1);
    for (size_t r = 0; r < positions.size(); ++r) {
      pages.insert(pages.end(), pages_.begin(), pages_.end());
      page_offsets.push_back(static_cast<int32_t>(pages.size()));
    }
    pool_->tables().set_select({static_cast<int32_t>(positions.size()), positions.data(), query_offsets.data(),
                       query_positions.data(), page_offsets.data(), pages.data(), rules.data(), block_offsets.data(), no_blocks.data()});
    pool_->select(queries_.data(), Execution{parallel, isa});
  }

  // Weights of the middle of a row by the reference, from keys with so many steps; 0: from keys that nobody rounded.
  std::vector<double> expected_weights(int32_t query, int32_t position, int32_t list, const SelectionRule& rule,
                                       int32_t query_position = -1, double key_steps = 7) const {
    std::vector<std::vector<double>> scores;
    const int32_t heads = geometry_.heads_per_list(), dim = shape_.head_dim;
    for (int32_t h = 0; h < heads; ++h) {
      const float* q = queries_.data() +
                       (static_cast<size_t>(query) * geometry_.groups * geometry_.query_heads + list * heads + h) * dim;
      const std::vector<double> turned = turn(q, query_position < 0 ? position : query_position);
      scores.emplace_back();
      for (int32_t p = rule.middle_first(position); p < rule.middle_last(position); ++p) {
        std::vector<double> key = turn(keys_.data() + (static_cast<size_t>(p) * geometry_.lists() + list) * dim, p);
        if (key_steps > 0) key = reference::rounded_to_steps(key, key_steps);
        scores.back().push_back(std::inner_product(key.begin(), key.end(), turned.begin(), 0.0) / std::sqrt(dim));
      }
    }
    return reference::position_weights(scores, rule.heads == SelectionRule::kMeanOfHeads);
  }

  RetrievalPool& pool() { return *pool_; }
  const RetrievalGeometry& geometry() const { return geometry_; }
  std::vector<int32_t> chosen(int32_t row, int32_t list) const {
    const int64_t at = static_cast<int64_t>(row) * geometry_.lists() + list;
    const int32_t* positions = pool_->chosen() + at * pool_->stride();
    return {positions, positions + pool_->counts()[at]};
  }

 private:
  std::vector<double> turn(const float* x, int32_t position) const {
    const int64_t angle = static_cast<int64_t>(position) * (shape_.head_dim / 2);
    return reference::norm_and_rotate(x, nullptr, 0, cos_.data() + angle, sin_.data() + angle, shape_.head_dim);
  }

  const Shape shape_;
  RetrievalGeometry geometry_;
  std::vector<float> cos_, sin_, keys_, queries_;
  std::vector<int32_t> pages_;
  std::unique_ptr<RetrievalPool> pool_;
};

SelectionRule rule_of(int32_t budget, bool mean = false) {
  SelectionRule rule;
  rule.budget = budget, rule.residency = budget, rule.sink = 4, rule.recent = 16;
  rule.heads = mean ? SelectionRule::kMeanOfHeads : SelectionRule::kMaxOfHeads;
  return rule;
}

class RetrievalGrid : public testing::TestWithParam<std::tuple<Isa, Shape>> {};

// Keys are rounded here as they are by definition; rounding the query to 127 steps moves a score by a sum of head_dim errors
// of size 2 * sqrt(3) / 254 / sqrt(3), which after the scale is about 0.014 in natural units; five times that is allowed on
// either side. So what is chosen must weigh at least e^-0.14 of what is not.
TEST_P(RetrievalGrid, ChoosesTheHeaviestUpToTheRoundingOfQueries) {
  const auto& [isa, shape] = GetParam();
  World world(shape);
  world.append(0, 611, isa);
  world.append(611, 612, isa);
  world.append(612, kTokens, isa);
  const std::vector<int32_t> positions = {kTokens - 1, 333};
  const std::vector<SelectionRule> rules = {rule_of(150), rule_of(97, true)};
  world.select(positions, rules, isa);
  for (int32_t row = 0; row < 2; ++row)
    for (int32_t list = 0; list < world.geometry().lists(); ++list) {
      const SelectionRule& rule = rules[row];
      const std::vector<double> weights = world.expected_weights(row, positions[row], list, rule);
      const std::vector<int32_t> chosen = world.chosen(row, list);
      ASSERT_EQ(chosen.size(), static_cast<size_t>(rule.budget));
      double least = 1, best_left = 0, held = 0, total = 0;
      for (size_t i = 0; i < weights.size(); ++i) {
        const int32_t p = rule.middle_first(positions[row]) + static_cast<int32_t>(i);
        const bool is_chosen = std::binary_search(chosen.begin(), chosen.end(), p);
        if (is_chosen) least = std::min(least, weights[i]), held += weights[i];
        else best_left = std::max(best_left, weights[i]);
        total += weights[i];
      }
      EXPECT_GE(least, best_left * std::exp(-0.14)) << "row " << row << ", list " << list;
      EXPECT_NEAR(world.pool().mass()[row * world.geometry().lists() + list], held / total, 0.02);
    }
}

// What four bits cost: against keys that nobody rounded, a selection holds nearly all that one of its size can hold.
TEST_P(RetrievalGrid, HoldsWhatUnroundedKeysWouldHold) {
  const auto& [isa, shape] = GetParam();
  World world(shape);
  world.append(0, kTokens, isa);
  const SelectionRule rule = rule_of(150);
  world.select({kTokens - 1}, {rule}, isa);
  for (int32_t list = 0; list < world.geometry().lists(); ++list) {
    std::vector<double> weights = world.expected_weights(0, kTokens - 1, list, rule, -1, 0);
    double held = 0, most = 0;
    for (const int32_t p : world.chosen(0, list))
      if (p >= rule.middle_first(kTokens - 1) && p < rule.middle_last(kTokens - 1))
        held += weights[static_cast<size_t>(p - rule.middle_first(kTokens - 1))];
    std::sort(weights.begin(), weights.end(), std::greater<>());
    for (int32_t i = 0; i < rule.budget - rule.sink - rule.recent; ++i) most += weights[static_cast<size_t>(i)];
    EXPECT_GE(held, 0.98 * most) << "list " << list;
  }
}

TEST_P(RetrievalGrid, ARowIsTheSameAloneAndOnSeveralThreads) {
  const auto& [isa, shape] = GetParam();
  World together(shape), alone(shape);
  together.append(0, kTokens, isa, ShuffledThreads(3, 4));
  for (int32_t p = 0; p < kTokens; p += 100) alone.append(p, std::min(kTokens, p + 100), isa);
  together.select({kTokens - 1, 333}, {rule_of(150), rule_of(97)}, isa, ShuffledThreads(3, 4));
  alone.select({kTokens - 1}, {rule_of(150)}, isa);
  for (int32_t list = 0; list < together.geometry().lists(); ++list) {
    EXPECT_EQ(together.chosen(0, list), alone.chosen(0, list));
    EXPECT_EQ(together.pool().mass()[list], alone.pool().mass()[list]);
  }
}

// Two queries behind what they choose from: each position counts what it weighs to the one that wants it most.
TEST_P(RetrievalGrid, SeveralQueriesShareASelection) {
  const auto& [isa, shape] = GetParam();
  World world(shape);
  world.append(0, kTokens, isa);
  const SelectionRule rule = rule_of(120);
  world.select({500}, {0, 2}, {510, 560}, {rule}, isa);
  for (int32_t list = 0; list < world.geometry().lists(); ++list) {
    const std::vector<double> first = world.expected_weights(0, 500, list, rule, 510);
    const std::vector<double> second = world.expected_weights(1, 500, list, rule, 560);
    const std::vector<int32_t> chosen = world.chosen(0, list);
    ASSERT_EQ(chosen.size(), 120u);
    double least = 1, best_left = 0;
    for (size_t i = 0; i < first.size(); ++i) {
      const double weight = std::max(first[i], second[i]);
      const int32_t p = rule.middle_first(500) + static_cast<int32_t>(i);
      if (std::binary_search(chosen.begin(), chosen.end(), p)) least = std::min(least, weight);
      else best_left = std::max(best_left, weight);
    }
    EXPECT_GE(least, best_left * std::exp(-0.14)) << "list " << list;
  }
}

TEST_P(RetrievalGrid, CopiedPagesAnswerTheSame) {
  const auto& [isa, shape] = GetParam();
  World world(shape);
  world.append(0, kTokens, isa);
  world.select({kTokens - 1}, {rule_of(150)}, isa);
  const std::vector<int32_t> before = world.chosen(0, 0);
  const int32_t spare = world.geometry().pages - 1;  // swaps every page through a spare one, contents and back
  for (int32_t page = 1; page < 5; ++page) {
    world.pool().copy_page(page, spare, shape.page_tokens);
    world.pool().copy_page(spare, page, shape.page_tokens);
  }
  world.select({kTokens - 1}, {rule_of(150)}, isa);
  EXPECT_EQ(world.chosen(0, 0), before);
}

// The largest products that keys of 4 bits and queries of 8 can have, all of one sign: sums of 16 bits must not overflow.
TEST_P(RetrievalGrid, ExtremeValuesKeepTheirOrder) {
  const auto& [isa, shape] = GetParam();
  World world(shape);
  world.make_extreme();
  world.append(0, kTokens, isa);
  const SelectionRule rule = rule_of(150);
  world.select({kTokens - 1}, {rule}, isa);
  for (int32_t list = 0; list < world.geometry().lists(); ++list) {
    const std::vector<double> weights = world.expected_weights(0, kTokens - 1, list, rule);
    double held = 0;
    for (const int32_t p : world.chosen(0, list))
      if (p >= rule.middle_first(kTokens - 1) && p < rule.middle_last(kTokens - 1))
        held += weights[static_cast<size_t>(p - rule.middle_first(kTokens - 1))];
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    EXPECT_NEAR(world.pool().mass()[list], std::min(1.0, held / total), 0.02) << "list " << list;
    EXPECT_GT(held, 0.9 * total) << "list " << list;
  }
}

// Keys and queries that are not finite must neither crash nor keep sinks and recent window out.
TEST_P(RetrievalGrid, ValuesThatAreNotFiniteStillSelect) {
  const auto& [isa, shape] = GetParam();
  World world(shape);
  world.append(0, kTokens, isa);
  std::vector<float> bad(static_cast<size_t>(2) * world.geometry().groups * world.geometry().query_heads *
                             shape.head_dim,
                         NAN);
  world.select({kTokens - 1}, {rule_of(150)}, isa);
  world.pool().select(bad.data(), Execution{SerialFor(), isa});
  const std::vector<int32_t> chosen = world.chosen(0, 0);
  ASSERT_EQ(chosen.size(), 150u);
  for (int32_t p = 0; p < 4; ++p) EXPECT_EQ(chosen[p], p);
  for (int32_t i = 0; i < 16; ++i) EXPECT_EQ(chosen[chosen.size() - 16 + i], kTokens - 16 + i);
}

INSTANTIATE_TEST_SUITE_P(Every, RetrievalGrid,
                         testing::Combine(testing::ValuesIn(available_isas()), testing::ValuesIn(grid())),
                         [](const auto& info) {
                           return isa_name(std::get<0>(info.param)) + ("_" + std::get<1>(info.param).name());
                         });

}  // namespace
}  // namespace contexture
