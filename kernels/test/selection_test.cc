// The rule of selection against sorting everything, and what holds whatever the weights are.
#include "contexture/selection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "reference/reference.h"
#include "test/isas.h"
#include "test/random.h"

namespace contexture {
namespace {

struct Case {
  SelectionRule rule;
  int32_t position = 0;
  std::vector<float> weights;
  std::vector<int32_t> block_ends;
};

// Weights that fall steeply, as a softmax gives them, with ties and zeros among them.
Case random_case(Random& random) {
  Case c;
  c.rule.unit = static_cast<int32_t>(random.below(3));
  c.rule.pooling = static_cast<int32_t>(random.below(3));
  c.rule.sink = static_cast<int32_t>(random.below(9));
  c.rule.recent = 1 + static_cast<int32_t>(random.below(40));
  c.rule.budget = c.rule.sink + c.rule.recent + static_cast<int32_t>(random.below(200));
  c.rule.residency = c.rule.budget + static_cast<int32_t>(random.below(400));
  c.position = static_cast<int32_t>(random.below(1500));
  for (int32_t p = c.rule.middle_first(c.position); p < c.rule.middle_last(c.position); ++p) {
    const float steep = std::exp(8 * random.value());
    c.weights.push_back(random.below(4) == 0 ? static_cast<float>(random.below(3)) * 0.25f : steep);
  }
  for (int32_t end = 0; end < c.position;) {
    end += 1 + static_cast<int32_t>(random.below(40));
    if (end <= c.position) c.block_ends.push_back(end);
  }
  return c;
}

std::vector<int32_t> select(const Case& c, float* mass, Isa isa = active_isa()) {
  SelectionScratch scratch;
  std::vector<int32_t> out(static_cast<size_t>(c.rule.most(c.position)));
  const float total = std::accumulate(c.weights.begin(), c.weights.end(), 0.0f);
  const int32_t count =
      select_positions(c.rule, c.position, {c.weights.data(), total},
                       {c.block_ends.data(), static_cast<int32_t>(c.block_ends.size())}, scratch, isa, out.data(), mass);
  EXPECT_LE(count, static_cast<int32_t>(out.size()));
  out.resize(static_cast<size_t>(count));
  return out;
}

TEST(Selection, EqualsSortingEverything) {
  Random random(1);
  for (int i = 0; i < 4000; ++i) {
    const Case c = random_case(random);
    float mass = 0;
    const std::vector<int32_t> want = reference::selected_positions(c.rule, c.position, c.weights, c.block_ends);
    for (const Isa isa : available_isas())
      ASSERT_EQ(select(c, &mass, isa), want) << isa_name(isa) << ", case " << i << ", unit " << c.rule.unit;
  }
}

TEST(Selection, HoldsSinkRecentAndItselfWithinTheBudget) {
  Random random(2);
  for (int i = 0; i < 4000; ++i) {
    const Case c = random_case(random);
    float mass = 0;
    const std::vector<int32_t> chosen = select(c, &mass);
    ASSERT_LE(chosen.size(), static_cast<size_t>(std::min(c.rule.budget, c.position + 1)));
    ASSERT_TRUE(std::adjacent_find(chosen.begin(), chosen.end(), std::greater_equal<>()) == chosen.end());
    const auto has = [&](int32_t p) { return std::binary_search(chosen.begin(), chosen.end(), p); };
    for (int32_t p = 0; p < c.rule.sink && p <= c.position; ++p) ASSERT_TRUE(has(p));
    for (int32_t p = std::max(0, c.position + 1 - c.rule.recent); p <= c.position; ++p) ASSERT_TRUE(has(p));
    ASSERT_GE(mass, 0.0f);
    ASSERT_LE(mass, 1.0f + 1e-5f);
  }
}

TEST(Selection, TokenModeSpendsTheWholeBudget) {
  Random random(3);
  for (int i = 0; i < 1000; ++i) {
    Case c = random_case(random);
    c.rule.unit = SelectionRule::kTokens;
    float mass = 0;
    ASSERT_EQ(select(c, &mass).size(), static_cast<size_t>(std::min(c.rule.budget, c.position + 1)));
  }
}

TEST(Selection, MassIsTheShareOfTheMiddle) {
  Case c;
  c.rule.budget = 4, c.rule.sink = 1, c.rule.recent = 2, c.position = 6;
  c.weights = {0.125f, 0.5f, 0.25f, 0.125f};  // positions 1 to 4
  float mass = 0;
  EXPECT_EQ(select(c, &mass), (std::vector<int32_t>{0, 2, 5, 6}));
  EXPECT_FLOAT_EQ(mass, 0.5f);
}

TEST(Selection, BlocksThatDoNotFitAreSkipped) {
  Case c;
  c.rule.unit = SelectionRule::kBlocks, c.rule.budget = 5, c.rule.sink = 0, c.rule.recent = 2, c.position = 10;
  c.weights = {9, 9, 9, 9, 1, 1, 5, 1, 1};  // positions 0 to 8
  c.block_ends = {4, 6, 7, 9};
  float mass = 0;
  EXPECT_EQ(select(c, &mass), (std::vector<int32_t>{4, 5, 6, 9, 10}));
}

TEST(Selection, NothingToChooseFromHasWholeMass) {
  Case c;
  c.rule.budget = 40, c.rule.sink = 4, c.rule.recent = 8, c.position = 5;
  float mass = 0;
  std::vector<int32_t> all(6);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(select(c, &mass), all);
  EXPECT_FLOAT_EQ(mass, 1.0f);
}

// A case whose weights are constant within each block, of sums without rounding.
struct BlockCase {
  Case c;
  std::vector<float> block_weights;
};

BlockCase random_block_case(Random& random) {
  BlockCase b{random_case(random), {}};
  Case& c = b.c;
  c.rule.pooling = SelectionRule::kMean;
  for (size_t i = 0; i < c.block_ends.size(); ++i)
    b.block_weights.push_back(static_cast<float>(random.below(64)) / 64);
  const int32_t first = c.rule.middle_first(c.position);
  for (size_t i = 0; i < c.weights.size(); ++i) {
    const auto block = std::upper_bound(c.block_ends.begin(), c.block_ends.end(), first + static_cast<int32_t>(i));
    c.weights[i] = block == c.block_ends.end() ? 0 : b.block_weights[static_cast<size_t>(block - c.block_ends.begin())];
  }
  return b;
}

std::vector<int32_t> select(const BlockCase& b, float* mass) {
  SelectionScratch scratch;
  std::vector<int32_t> out(static_cast<size_t>(b.c.rule.most(b.c.position)));
  const int32_t count =
      select_blocks(b.c.rule, b.c.position, b.block_weights.data(), b.c.block_ends.data(),
                    static_cast<int32_t>(b.c.block_ends.size()), scratch, out.data(), mass);
  EXPECT_LE(count, static_cast<int32_t>(out.size()));
  out.resize(static_cast<size_t>(count));
  return out;
}

TEST(BlockSelection, EqualsTheSelectionOfPositionsWithTheTailInTheWindow) {
  Random random(3);
  for (int i = 0; i < 4000; ++i) {
    const BlockCase b = random_block_case(random);
    Case c = b.c;
    const int32_t first = c.rule.middle_first(c.position), last = c.rule.middle_last(c.position);
    const int32_t described = std::max(first, c.block_ends.empty() ? 0 : c.block_ends.back());
    const int32_t tail = std::max(0, last - described);
    const int32_t room = c.rule.budget - c.rule.sink - c.rule.recent;
    float mass = 0, expected_mass = 0;
    const std::vector<int32_t> chosen = select(b, &mass);
    if (tail > room) {  // the window takes what it can of the tail, and nothing is left for blocks
      ASSERT_EQ(chosen.size(), static_cast<size_t>(c.rule.most(c.position))) << "case " << i;
      ASSERT_EQ(chosen[static_cast<size_t>(first)], last - room) << "case " << i;
      continue;
    }
    c.rule.recent += tail;
    c.weights.resize(static_cast<size_t>(last - tail - first));
    ASSERT_EQ(chosen, select(c, &expected_mass)) << "case " << i << ", unit " << c.rule.unit;
    ASSERT_NEAR(mass, expected_mass, 1e-6) << "case " << i;
  }
}

TEST(BlockSelection, HoldsSinkWindowAndOwnPositionWithinTheBudget) {
  Random random(4);
  for (int i = 0; i < 2000; ++i) {
    const BlockCase b = random_block_case(random);
    float mass = 0;
    const std::vector<int32_t> chosen = select(b, &mass);
    ASSERT_LE(static_cast<int32_t>(chosen.size()), b.c.rule.budget);
    ASSERT_TRUE(std::is_sorted(chosen.begin(), chosen.end(), std::less_equal<int32_t>()));
    ASSERT_EQ(chosen.back(), b.c.position);
    for (int32_t p = 0; p < b.c.rule.middle_first(b.c.position); ++p) ASSERT_EQ(chosen[static_cast<size_t>(p)], p);
    for (int32_t p = b.c.rule.middle_last(b.c.position); p <= b.c.position; ++p)
      ASSERT_TRUE(std::binary_search(chosen.begin(), chosen.end(), p));
    ASSERT_GE(mass, 0);
    ASSERT_LE(mass, 1);
  }
}

}  // namespace
}  // namespace contexture
