// Draws on the device against draws by sorting, and those against cases made by hand.
#include "cuda/sample_rows.h"

#include <gtest/gtest.h>

#include <limits>

#include "capi/checks.h"
#include "cuda/test/sampling_reference.h"
#include "cuda/test/support.h"

namespace contexture {
namespace cuda {
namespace {

using reference::SampledRow;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
// Draws may differ where the uniform number is this near to a border: see sample_rows.h.
constexpr double kNear = 1e-8;

static_assert(sizeof(ctx_sample_row) == 48 && sizeof(ctx_logit_change) == 16 && sizeof(ctx_drawn_token) == 168,
              "the control plane writes and reads these bytes");

ctx_sample_row how(double uniform, float inverse_temperature = 1, int32_t top_k = 0, float top_p = 1, float min_p = 0) {
  ctx_sample_row row{};
  row.uniform = uniform, row.inverse_temperature = inverse_temperature, row.top_k = top_k, row.top_p = top_p;
  row.floor = min_p > 0 ? static_cast<float>(std::log(static_cast<double>(min_p))) : -kInfinity;
  row.repetition = 1, row.top_logprobs = -1, row.mask = -1;
  return row;
}

// Rows that are drawn in one call. The model's head has more columns than there are tokens; what they hold must not matter.
class Batch {
 public:
  explicit Batch(int32_t tokens) : tokens_(tokens), vocabulary_(tokens + 7) {}

  // allowed: by token; empty: no mask.
  void add(ctx_sample_row row, const std::vector<float>& logits, const std::vector<ctx_logit_change>& changes = {},
           const std::vector<bool>& allowed = {}) {
    if (!allowed.empty()) {
      row.mask = static_cast<int32_t>(masks_.size() / static_cast<size_t>(words_of_mask(tokens_)));
      masks_.resize(masks_.size() + static_cast<size_t>(words_of_mask(tokens_)));
      uint64_t* mask = masks_.data() + row.mask * words_of_mask(tokens_);
      for (int32_t i = 0; i < tokens_; ++i) mask[i / 64] |= static_cast<uint64_t>(allowed[static_cast<size_t>(i)]) << i % 64;
      if (tokens_ % 64 != 0) mask[words_of_mask(tokens_) - 1] |= ~uint64_t{0} << tokens_ % 64;  // must not matter
    }
    row.wanted = static_cast<int32_t>(rows_.size());
    changes_.insert(changes_.end(), changes.begin(), changes.end());
    row.changes_end = static_cast<int32_t>(changes_.size());
    rows_.push_back(row);
    logits_.insert(logits_.end(), logits.begin(), logits.end());
    logits_.insert(logits_.end(), static_cast<size_t>(vocabulary_ - tokens_), std::nanf(""));
    expected_.emplace_back(row, logits, changes, allowed);
  }

  std::vector<ctx_drawn_token> draw() const {
    const auto count = static_cast<int32_t>(rows_.size());
    const auto mask_count = static_cast<int32_t>(masks_.size() / static_cast<size_t>(words_of_mask(tokens_)));
    check_sample_rows(tokens_, vocabulary_, count,
                      {rows_.data(), count, changes_.data(), static_cast<int32_t>(changes_.size()), masks_.data(), mask_count});
    DeviceBuffer<float> logits(logits_), weights(rows_.size() * tokens_);
    DeviceBuffer<ctx_sample_row> rows(rows_);
    DeviceBuffer<ctx_logit_change> changes(changes_);
    DeviceBuffer<uint64_t> masks(masks_);
    DeviceBuffer<ctx_drawn_token> drawn(rows_.size());
    SampleRows args;
    args.count = count, args.tokens = tokens_, args.vocabulary = vocabulary_, args.logits = logits.data();
    args.rows = rows.data(), args.changes = changes.data(), args.weights = weights.data(), args.drawn = drawn.data();
    args.masks = masks.data();
    sample_rows(args, nullptr);
    check(cudaDeviceSynchronize(), "sample_rows");
    EXPECT_EQ(std::memcmp(logits.get().data(), logits_.data(), logits.bytes()), 0) << "logits were changed";
    return drawn.get();
  }

  void expect_right() const {
    const std::vector<ctx_drawn_token> drawn = draw();
    for (size_t i = 0; i < rows_.size(); ++i) {
      SCOPED_TRACE("row " + std::to_string(i) + " of " + std::to_string(rows_.size()) + ", " + std::to_string(tokens_) +
                   " tokens, top_k " + std::to_string(rows_[i].top_k) + ", top_p " + std::to_string(rows_[i].top_p));
      const ctx_drawn_token& actual = drawn[i];
      const SampledRow& expected = expected_[i];
      if (!expected.numbers()) {
        ASSERT_EQ(actual.token, kNotNumbers);
        continue;
      }
      ASSERT_TRUE(actual.token == expected.token() || expected.may_draw(actual.token, kNear))
          << actual.token << " instead of " << expected.token();
      expect_logprobs(actual, rows_[i].top_logprobs, expected);
    }
  }

 private:
  // Differences of floats, so their error is that of the larger number.
  static void expect_near(float actual, double expected) {
    if (std::isnan(expected)) ASSERT_TRUE(std::isnan(actual));  // of either sign
    else if (std::isinf(expected)) ASSERT_EQ(actual, static_cast<float>(expected));
    else ASSERT_NEAR(actual, expected, 1e-5 + 1e-6 * std::fabs(expected));
  }

  static void expect_logprobs(const ctx_drawn_token& actual, int32_t top_logprobs, const SampledRow& expected) {
    if (top_logprobs < 0) {
      ASSERT_TRUE(std::isnan(actual.logprob));
      return;
    }
    expect_near(actual.logprob, expected.logprob(actual.token));
    const std::vector<int32_t> top = expected.top();
    for (size_t i = 0; i < top.size(); ++i) {
      ASSERT_EQ(actual.top_tokens[i], top[i]) << i;
      expect_near(actual.top_logprobs[i], expected.logprob(top[i]));
    }
  }

  const int32_t tokens_, vocabulary_;
  std::vector<float> logits_;
  std::vector<ctx_sample_row> rows_;
  std::vector<ctx_logit_change> changes_;
  std::vector<uint64_t> masks_;
  std::vector<SampledRow> expected_;
};

double uniform(Random& random) { return static_cast<double>(random.next() >> 11) * 0x1p-53; }

// Spread as a model's, in few values, all equal, with impossible tokens, with none that is possible.
enum class Kind { kSpread, kTies, kEqual, kImpossible, kNonePossible };
constexpr size_t kKinds = 5;

std::vector<float> logits_of(Random& random, Kind kind, int32_t tokens) {
  std::vector<float> logits(static_cast<size_t>(tokens));
  for (float& x : logits) {
    x = 2 * (random.value() + random.value() + random.value());
    if (kind == Kind::kTies) x = std::round(x / 3);
    if (kind == Kind::kEqual) x = -0.5f;
    if (kind == Kind::kNonePossible || (kind == Kind::kImpossible && random.below(3) > 0)) x = -kInfinity;
  }
  return logits;
}

// Of distinct tokens, some forbidden.
std::vector<ctx_logit_change> changes_of(Random& random, int32_t tokens, int32_t count) {
  std::vector<ctx_logit_change> changes;
  const auto first = static_cast<int32_t>(random.below(static_cast<size_t>(tokens)));
  for (int32_t i = 0; i < std::min(count, tokens); ++i) {
    const float bias = random.below(4) == 0 ? -kInfinity : random.below(4) == 0 ? 5 * random.value() : 0.0f;
    changes.push_back({(first + i) % tokens, static_cast<int32_t>(random.below(2)), random.value(), bias});
  }
  return changes;
}

// One token, a few, most of them.
std::vector<bool> mask_of(Random& random, int32_t tokens) {
  const size_t spread = random.below(3);
  std::vector<bool> allowed(static_cast<size_t>(tokens));
  for (auto&& bit : allowed) bit = spread == 1 ? random.below(100) == 0 : spread == 2 && random.below(10) > 0;
  allowed[random.below(allowed.size())] = true;
  return allowed;
}

class SampleRowsOf : public testing::TestWithParam<int32_t> {};

TEST_P(SampleRowsOf, AgreeWithTheReference) {
  const int32_t tokens = GetParam();
  Random random(31);
  std::vector<ctx_sample_row> grid;
  for (const int32_t top_k : {0, 1, 2, 50, 1000})
    for (const float top_p : {0.1f, 0.9f, 1.0f})
      for (const float min_p : {0.0f, 0.05f}) grid.push_back(how(0, 1 / 0.7f, top_k, top_p, min_p));
  for (const float inverse : {0.0f, 0.5f, 1.0f, 1e30f, std::numeric_limits<float>::max()}) grid.push_back(how(0, inverse));
  size_t turn = 0;
  for (const int32_t count : {0, 1, 3, 64, 64}) {
    Batch batch(tokens);
    for (int32_t row = 0; row < count; ++row, ++turn) {
      ctx_sample_row r = grid[turn % grid.size()];
      const auto kind = static_cast<Kind>(random.below(kKinds));
      const size_t edge = random.below(8);
      r.uniform = edge == 0 ? 0 : edge == 1 ? 1 - 0x1p-53 : uniform(random);
      r.repetition = random.below(2) == 0 ? 1.3f : 0.8f;
      r.top_logprobs = random.below(3) > 0 ? -1 : static_cast<int32_t>(random.below(CTX_MOST_TOP_LOGPROBS + 1));
      batch.add(r, logits_of(random, kind, tokens), changes_of(random, tokens, random.below(3) == 0 ? 300 : 0),
                random.below(2) == 0 ? mask_of(random, tokens) : std::vector<bool>{});
    }
    batch.expect_right();
  }
}

INSTANTIATE_TEST_SUITE_P(Tokens, SampleRowsOf, testing::Values(1, 31, 1000, 49152, 128256),
                         [](const auto& info) { return std::to_string(info.param); });

TEST(SampleRows, AWholeDistribution) {
  const std::vector<float> logits{std::log(0.4f), std::log(0.1f), std::log(0.3f), std::log(0.2f)};
  Batch ids(4), weights(4);
  for (int i = 0; i < 100; ++i) ids.add(how((i + 0.5) / 100), logits), weights.add(how((i + 0.5) / 100, 1, 4), logits);
  const std::vector<ctx_drawn_token> by_id = ids.draw(), by_weight = weights.draw();
  for (size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(by_id[i].token, i < 40 ? 0 : i < 50 ? 1 : i < 80 ? 2 : 3) << i;
    EXPECT_EQ(by_weight[i].token, i < 40 ? 0 : i < 70 ? 2 : i < 90 ? 3 : 1) << i;
  }
}

TEST(SampleRows, SayWhereLogitsAreNotNumbers) {
  Random random(7);
  Batch batch(1000);
  for (int row = 0; row < 4; ++row) {
    std::vector<float> logits = logits_of(random, Kind::kSpread, 1000);
    if (row == 1) logits[999] = std::nanf("");
    if (row == 2) logits[0] = -std::nanf("");
    batch.add(how(0.3, row == 2 ? 0.0f : 1.0f, 10), logits);
  }
  batch.expect_right();
}

TEST(SampleRows, RepeatThemselves) {
  Random random(9);
  Batch batch(50000);
  for (int row = 0; row < 8; ++row) {
    ctx_sample_row r = how(uniform(random), 1, row % 2 * 300, 0.95f);
    r.top_logprobs = 20;
    batch.add(r, logits_of(random, row < 4 ? Kind::kSpread : Kind::kTies, 50000));
  }
  const std::vector<ctx_drawn_token> once = batch.draw();
  for (int i = 0; i < 5; ++i) {
    const std::vector<ctx_drawn_token> again = batch.draw();
    EXPECT_EQ(std::memcmp(again.data(), once.data(), once.size() * sizeof once[0]), 0);
  }
}

// Probabilities 0.4, 0.1, 0.3, 0.2.
const std::vector<float> kFour{std::log(0.4f), std::log(0.1f), std::log(0.3f), std::log(0.2f)};

int32_t drawn(const ctx_sample_row& row, const std::vector<ctx_logit_change>& changes = {}) {
  return SampledRow(row, kFour, changes).token();
}

TEST(SampleReferenceHost, FiltersKeepTheLikeliestInOrder) {
  using Ids = std::vector<int32_t>;
  const auto order = [](const ctx_sample_row& row) { return SampledRow(row, kFour, {}).order(); };
  EXPECT_EQ(order(how(0)), (Ids{0, 1, 2, 3}));
  EXPECT_EQ(order(how(0, 1, 3)), (Ids{0, 2, 3}));
  EXPECT_EQ(order(how(0, 1, 1000)), (Ids{0, 2, 3, 1}));
  EXPECT_EQ(order(how(0, 1, 0, 0.65f)), (Ids{0, 2}));
  EXPECT_EQ(order(how(0, 1, 0, 0.71f)), (Ids{0, 2, 3}));
  EXPECT_EQ(order(how(0, 1, 3, 0.5f)), (Ids{0, 2})) << "0.4 / 0.9 is less than a half";
  EXPECT_EQ(order(how(0, 1, 0, 0.01f)), (Ids{0})) << "one is always left";
  EXPECT_EQ(order(how(0, 0)), (Ids{0}));
}

TEST(SampleReferenceHost, TheUniformNumberDecides) {
  EXPECT_EQ(drawn(how(0)), 0);
  EXPECT_EQ(drawn(how(0.45)), 1);
  EXPECT_EQ(drawn(how(0.79)), 2);
  EXPECT_EQ(drawn(how(1 - 0x1p-53)), 3);
  EXPECT_EQ(drawn(how(0.45, 1, 4)), 2) << "filtered draws go by weight";
  EXPECT_EQ(drawn(how(0.95, 1, 0, 1, 0.45f)), 3) << "0.2 / 0.4 is more than min_p, 0.1 / 0.4 less";
  EXPECT_EQ(drawn(how(0.5, 2)), 0) << "0.16 of 0.30";
  const SampledRow row(how(0.4 + 1e-12), kFour, {});
  EXPECT_TRUE(row.may_draw(0, 1e-6) && row.may_draw(1, 1e-6));
  EXPECT_FALSE(row.may_draw(2, 1e-6));
}

TEST(SampleReferenceHost, ChangesComeFirst) {
  EXPECT_EQ(drawn(how(0, 0), {{0, 0, 0.5f, 0}}), 2);
  EXPECT_EQ(drawn(how(0, 0), {{1, 0, 0, 100}}), 1);
  ctx_sample_row row = how(0, 0);
  row.repetition = 2;
  EXPECT_EQ(drawn(row, {{0, 1, 0, 0}}), 2) << "logits are negative";
  EXPECT_EQ(drawn(row, {{0, 1, 0, 0}, {2, 0, 0, -kInfinity}}), 3);
  row.top_logprobs = 2;
  const SampledRow told(row, kFour, {{0, 1, 0, 0}});
  EXPECT_EQ(told.top(), (std::vector<int32_t>{0, 2})) << "log-probabilities are those of the raw logits";
  EXPECT_NEAR(told.logprob(2), std::log(0.3), 1e-6);
}

TEST(SampleReferenceHost, TheLowestOfEqualsComesFirst) {
  const std::vector<float> equal(5, 1.0f), none(5, -kInfinity);
  EXPECT_EQ(SampledRow(how(0.9, 0), equal, {}).token(), 0);
  EXPECT_EQ(SampledRow(how(0.6, 1, 2), equal, {}).token(), 1);
  EXPECT_EQ(SampledRow(how(0.9), none, {}).token(), 0);
  EXPECT_FALSE(SampledRow(how(0.9), {1, std::nanf(""), 2}, {}).numbers());
}

TEST(SampleReferenceHost, OnlyTokensOfTheMaskAreDrawn) {
  const std::vector<bool> allowed{false, true, false, true};
  EXPECT_EQ(SampledRow(how(0, 0), kFour, {}, allowed).token(), 3);
  EXPECT_EQ(SampledRow(how(0.3), kFour, {}, allowed).token(), 1) << "0.1 of 0.3";
  EXPECT_EQ(SampledRow(how(0.34), kFour, {}, allowed).token(), 3);
  EXPECT_EQ(SampledRow(how(0, 1, 3), kFour, {}, allowed).order(), (std::vector<int32_t>{3, 1}));
  EXPECT_EQ(SampledRow(how(0.9), kFour, {{3, 0, 0, -kInfinity}}, allowed).token(), 1);
  EXPECT_EQ(SampledRow(how(0.9), kFour, {{1, 0, 0, -kInfinity}, {3, 0, 0, -kInfinity}}, allowed).token(), 1)
      << "the lowest of those that are allowed, where none is possible";
}

TEST(SampleRowsHost, RefuseWhatTheyCannotBear) {
  ctx_sample_row row = how(0.5);
  row.changes_end = 1;
  const ctx_logit_change change{3, 0, 0, 1};
  uint64_t mask = 1 << 3;
  const auto refused = [&](const ctx_sample_row& r, const ctx_logit_change& c, int32_t tokens = 4) {
    try {
      check_sample_rows(tokens, 4, 1, {&r, 1, &c, 1, &mask, 1});
    } catch (const InvalidArgument&) {
      return true;
    }
    return false;
  };
  const auto refused_with = [&](auto member, auto value) {
    ctx_sample_row r = row;
    r.*member = value;
    return refused(r, change);
  };
  EXPECT_FALSE(refused(row, change));
  EXPECT_TRUE(refused(row, change, 3)) << "of the change's token";
  EXPECT_TRUE(refused(row, change, 5)) << "more tokens than columns";
  EXPECT_TRUE(refused(row, {3, 0, kInfinity, 0}));
  EXPECT_TRUE(refused(row, {3, 0, 0, std::nanf("")}));
  EXPECT_FALSE(refused(row, {3, 0, 0, -kInfinity}));
  EXPECT_TRUE(refused_with(&ctx_sample_row::wanted, 1));
  EXPECT_TRUE(refused_with(&ctx_sample_row::changes_end, 2));
  EXPECT_TRUE(refused_with(&ctx_sample_row::changes_end, -1));
  EXPECT_TRUE(refused_with(&ctx_sample_row::uniform, 1.0));
  EXPECT_TRUE(refused_with(&ctx_sample_row::inverse_temperature, kInfinity));
  EXPECT_TRUE(refused_with(&ctx_sample_row::floor, 0.1f));
  EXPECT_TRUE(refused_with(&ctx_sample_row::top_p, 0.0f));
  EXPECT_TRUE(refused_with(&ctx_sample_row::repetition, 0.0f));
  EXPECT_TRUE(refused_with(&ctx_sample_row::top_k, -1));
  EXPECT_TRUE(refused_with(&ctx_sample_row::top_logprobs, 21));
  EXPECT_FALSE(refused_with(&ctx_sample_row::mask, 0));
  EXPECT_TRUE(refused_with(&ctx_sample_row::mask, 1));
  EXPECT_TRUE(refused_with(&ctx_sample_row::mask, -2));
  mask = 1 << 4;
  EXPECT_TRUE(refused_with(&ctx_sample_row::mask, 0)) << "no token is below four";
}

}  // namespace
}  // namespace cuda
}  // namespace contexture
