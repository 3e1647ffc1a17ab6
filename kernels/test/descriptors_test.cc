// Descriptors and the selections that they make against the reference, on every instruction set.
#include "contexture/descriptors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <tuple>

#include "capi/descriptor_pool.h"
#include "cpu/half.h"
#include "reference/reference.h"
#include "test/attention_fixture.h"

namespace contexture {
namespace {

constexpr int32_t kTokens = 900;
constexpr int32_t kSequences = 2;

struct DescribedShape {
  int32_t head_dim = 64, kv_heads = 3, heads_per_list = 3, page_tokens = 16, groups = 4, window = 0;
  KvDtype dtype = KvDtype::kF16;
  DescriptorKind kind = DescriptorKind::kMinMax;
  int32_t shortest = 16, longest = 16;  // blocks

  std::string name() const {
    return "dim" + std::to_string(head_dim) + "_kv" + std::to_string(kv_heads) + "_heads" +
           std::to_string(heads_per_list) + "_page" + std::to_string(page_tokens) + "_groups" + std::to_string(groups) +
           (window > 0 ? "_window" + std::to_string(window) : "") + (dtype == KvDtype::kF16 ? "_f16" : "_f32") +
           (kind == DescriptorKind::kMean ? "_mean" : "_minmax") + "_blocks" + std::to_string(shortest) + "to" +
           std::to_string(longest);
  }
};
inline std::ostream& operator<<(std::ostream& out, const DescribedShape& shape) { return out << shape.name(); }

std::vector<DescribedShape> grid() {
  std::vector<DescribedShape> shapes;
  int32_t turn = 0;
  for (const int32_t head_dim : {24, 64, 80, 128})
    for (const int32_t heads : {1, 2, 3, 4, 7}) {
      DescribedShape shape;
      shape.head_dim = head_dim, shape.heads_per_list = heads, shape.page_tokens = 8 << turn % 5;
      shape.kv_heads = turn % 2 == 0 ? 1 : 3;
      shape.groups = turn % 3 == 0 ? 4 : turn % 3;
      shape.window = turn % 5 == 3 ? 500 : 0;
      shape.dtype = turn % 4 == 1 ? KvDtype::kF32 : KvDtype::kF16;
      shape.kind = turn % 3 == 1 ? DescriptorKind::kMean : DescriptorKind::kMinMax;
      if (turn % 2 == 1) shape.shortest = 1, shape.longest = 47;
      shapes.push_back(shape);
      ++turn;
    }
  return shapes;
}

// Sequences of random keys on pages in shuffled order; what belongs to no token is NaN.
class Described {
 public:
  explicit Described(const DescribedShape& shape) : shape_(shape), keys_(keys_of(shape)), pool_(keys_) {
    Random random(11);
    geometry_ = {shape.kind,   keys_.layers, shape.kv_heads, shape.kv_heads * shape.heads_per_list, shape.head_dim,
                 shape.groups, shape.window, 200};
    descriptors_ = std::make_unique<DescriptorPool>(0, keys_, geometry_);
    std::memset(pool_.data(), 0xff, static_cast<size_t>(keys_.pool_bytes()));
    std::vector<int32_t> all(static_cast<size_t>(keys_.pages));
    std::iota(all.begin(), all.end(), 0);
    for (size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random.below(i)]);
    const int64_t count = keys_.pages / kSequences;
    for (int32_t s = 0; s < kSequences; ++s) {
      pages_.emplace_back(all.begin() + s * count, all.begin() + (s + 1) * count);
      for (int32_t layer = 0; layer < keys_.layers; ++layer)
        for (int32_t p = 0; p < kTokens; ++p)
          for (int32_t h = 0; h < keys_.kv_heads; ++h) write_key(layer, slot(s, p), h, random);
      ends_.emplace_back();
      for (int32_t end = 0; end <= kTokens;) {
        const auto spread = static_cast<size_t>(shape.longest - shape.shortest);
        end += shape.shortest + static_cast<int32_t>(random.below(spread + 1));
        if (end < kTokens - 20) ends_.back().push_back(end);
      }
      queries_.emplace_back(static_cast<size_t>(geometry_.query_floats()));
      for (float& q : queries_.back()) q = 0.3f * random.value();
    }
  }

  int64_t describe(int32_t s, size_t step, Isa isa, const ParallelFor& parallel = SerialFor()) {
    const int64_t id = descriptors_->begin_sequence();
    for (size_t blocks = 0; blocks < ends_[s].size();) {
      blocks = std::min(ends_[s].size(), blocks + step);
      descriptors_->describe(id, pool_, static_cast<int32_t>(pages_[s].size()), pages_[s].data(),
                             static_cast<int32_t>(blocks), ends_[s].data(), Execution{parallel, isa});
    }
    return id;
  }

  struct Chosen {
    std::vector<std::vector<int32_t>> lists;
    std::vector<float> mass;
  };
  // A row of each of some sequences: rows[i] of sequence sequences[i].
  Chosen select(const std::vector<int64_t>& ids, const std::vector<int32_t>& sequences, const SelectionRule& rule,
                Isa isa, const ParallelFor& parallel = SerialFor()) {
    const int32_t lists = geometry_.groups * geometry_.kv_heads, stride = rule.budget;
    const std::vector<int32_t> positions(ids.size(), kTokens - 1);
    const std::vector<SelectionRule> rules(ids.size(), rule);
    std::vector<float> queries;
    for (const int32_t s : sequences) queries.insert(queries.end(), queries_[s].begin(), queries_[s].end());
    std::vector<int32_t> counts(ids.size() * lists), chosen(counts.size() * stride);
    Chosen result;
    result.mass.resize(counts.size());
    descriptors_->select({static_cast<int32_t>(ids.size()), ids.data(), positions.data(), rules.data(), queries.data(),
                          stride, counts.data(), chosen.data(), result.mass.data()},
                         Execution{parallel, isa});
    for (size_t i = 0; i < counts.size(); ++i)
      result.lists.emplace_back(chosen.begin() + static_cast<int64_t>(i) * stride,
                                chosen.begin() + static_cast<int64_t>(i) * stride + counts[i]);
    return result;
  }

  // Per block, by the reference.
  std::vector<double> expected_weights(int32_t s, int32_t group, int32_t kv_head, bool mean) const {
    std::vector<double> largest(ends_[s].size(), 0);
    const int32_t heads = geometry_.heads_per_list();
    for (int32_t layer = 0; layer < geometry_.layers; ++layer) {
      if (layer * geometry_.groups / geometry_.layers != group) continue;
      std::vector<std::vector<double>> scores;
      for (int32_t h = 0; h < heads; ++h) {
        const size_t head = static_cast<size_t>(layer) * geometry_.query_heads + kv_head * heads + h;
        const float* q = queries_[s].data() + head * geometry_.head_dim;
        scores.emplace_back();
        for (size_t b = 0; b < ends_[s].size(); ++b) {
          const bool hidden = shape_.window > 0 && ends_[s][b] <= kTokens - shape_.window;
          scores.back().push_back(hidden ? -1e30 : std::log(2.0) * block_score(s, layer, kv_head, b, q));
        }
      }
      const std::vector<double> weights = reference::position_weights(scores, mean);
      for (size_t b = 0; b < weights.size(); ++b) largest[b] = std::max(largest[b], weights[b]);
    }
    return largest;
  }

  const DescriptorGeometry& geometry() const { return geometry_; }
  DescriptorPool& descriptors() { return *descriptors_; }
  const std::vector<int32_t>& ends(int32_t s) const { return ends_[s]; }
  float* query(int32_t s) { return queries_[s].data(); }

 private:
  static PoolGeometry keys_of(const DescribedShape& shape) {
    PoolGeometry g;
    g.layers = 4, g.kv_heads = shape.kv_heads, g.head_dim = shape.head_dim, g.page_tokens = shape.page_tokens;
    g.pages = kSequences * ((kTokens + shape.page_tokens - 1) / shape.page_tokens + 1), g.dtype = shape.dtype;
    return g;
  }

  int64_t slot(int32_t s, int32_t position) const {
    return static_cast<int64_t>(pages_[s][position / keys_.page_tokens]) * keys_.page_tokens +
           position % keys_.page_tokens;
  }

  void write_key(int32_t layer, int64_t slot, int32_t kv_head, Random& random) {
    char* row = static_cast<char*>(static_cast<void*>(pool_.data())) + keys_.key_row_offset(layer, slot, kv_head);
    std::memset(row, 0, static_cast<size_t>(keys_.row_bytes()));
    for (int32_t i = 0; i < keys_.head_dim; ++i) {
      const float value = random.value();
      if (keys_.dtype == KvDtype::kF32) {
        std::memcpy(row + 4 * i, &value, 4);
      } else {  // cut to a half without rounding: sign, a small exponent, ten bits
        uint32_t bits;
        std::memcpy(&bits, &value, 4);
        const uint32_t exponent = (bits >> 23 & 0xff) < 113 ? 0 : (bits >> 23 & 0xff) - 112;
        const auto half = static_cast<uint16_t>((bits >> 16 & 0x8000) | exponent << 10 | (bits >> 13 & 0x3ff));
        std::memcpy(row + 2 * i, &half, 2);
      }
    }
  }

  double block_score(int32_t s, int32_t layer, int32_t kv_head, size_t b, const float* q) const {
    const int32_t begin = b == 0 ? 0 : ends_[s][b - 1], length = ends_[s][b] - begin;
    const int32_t pieces = shape_.kind == DescriptorKind::kMean ? 1 : (length + 15) / 16;
    double best = -1e30;
    for (int32_t i = 0; i < pieces; ++i) {
      const int32_t first = begin + length * i / pieces, last = begin + length * (i + 1) / pieces;
      double score = 0;
      for (int32_t d = 0; d < shape_.head_dim; ++d) {
        double sum = 0, low = 1e30, high = -1e30;
        for (int32_t p = first; p < last; ++p) {
          const double key = reference::pool_value(keys_, pool_.data(), layer, slot(s, p), kv_head, 0, d);
          sum += key, low = std::min(low, key), high = std::max(high, key);
        }
        if (shape_.kind == DescriptorKind::kMean) score += q[d] * reference::round_to_half(sum / (last - first));
        else score += std::max(q[d] * reference::round_to_half(high), q[d] * reference::round_to_half(low));
      }
      best = std::max(best, score);
    }
    return best;
  }

  const DescribedShape shape_;
  const PoolGeometry keys_;
  mutable KvPool pool_;
  DescriptorGeometry geometry_;
  std::unique_ptr<DescriptorPool> descriptors_;
  std::vector<std::vector<int32_t>> pages_, ends_;
  std::vector<std::vector<float>> queries_;
};

SelectionRule rule_of(int32_t unit, bool mean = false) {
  SelectionRule rule;
  rule.unit = unit, rule.budget = 200, rule.residency = 400, rule.sink = 4, rule.recent = 32;
  rule.heads = mean ? SelectionRule::kMeanOfHeads : SelectionRule::kMaxOfHeads;
  return rule;
}

class DescriptorGrid : public testing::TestWithParam<std::tuple<Isa, DescribedShape>> {};

// A mean may round to the neighbouring half where float and double sums differ, and scores of head_dim products of size
// 0.3 carry float roundings: together less than 0.5 % of a weight.
TEST_P(DescriptorGrid, ChoosesTheHeaviestBlocks) {
  const auto& [isa, shape] = GetParam();
  Described world(shape);
  const std::vector<int64_t> ids = {world.describe(0, 1000, isa), world.describe(1, 7, isa)};
  for (const bool mean : {false, true}) {
    const SelectionRule rule = rule_of(SelectionRule::kTokens, mean);
    const Described::Chosen chosen = world.select(ids, {0, 1}, rule, isa);
    for (size_t i = 0; i < chosen.lists.size(); ++i) {
      const auto lists = static_cast<size_t>(world.geometry().groups * shape.kv_heads);
      const auto s = static_cast<int32_t>(i / lists);
      const auto group = static_cast<int32_t>(i % lists) / shape.kv_heads;
      const auto kv_head = static_cast<int32_t>(i % lists) % shape.kv_heads;
      const std::vector<double> weights = world.expected_weights(s, group, kv_head, mean);
      const std::vector<int32_t>& list = chosen.lists[i];
      ASSERT_EQ(list.size(), static_cast<size_t>(rule.budget));
      double least = 1, best_left = 0, held = 0, total = 0;
      const int32_t tail = std::max(0, rule.middle_last(kTokens - 1) - world.ends(s).back());
      const int32_t last = rule.middle_last(kTokens - 1) - tail;
      for (int32_t p = rule.sink; p < last; ++p) {
        const auto block = std::upper_bound(world.ends(s).begin(), world.ends(s).end(), p) - world.ends(s).begin();
        const double weight = weights[static_cast<size_t>(block)];
        if (std::binary_search(list.begin(), list.end(), p)) least = std::min(least, weight), held += weight;
        else best_left = std::max(best_left, weight);
        total += weight;
      }
      EXPECT_GE(least, best_left * 0.995) << "list " << i;
      EXPECT_NEAR(chosen.mass[i], held / total, 0.005) << "list " << i;
      for (int32_t p = last; p < kTokens; ++p) EXPECT_TRUE(std::binary_search(list.begin(), list.end(), p)) << p;
    }
  }
}

TEST_P(DescriptorGrid, ARowIsTheSameAloneInABatchAndOnSeveralThreads) {
  const auto& [isa, shape] = GetParam();
  Described world(shape), other(shape);
  const ShuffledThreads threads(3, 5);
  const int64_t whole = world.describe(1, 1000, isa, threads), first = world.describe(0, 3, isa);
  const int64_t piecewise = other.describe(1, 1, isa);
  for (const int32_t unit : {SelectionRule::kBlocks, SelectionRule::kTwoLevel}) {
    const Described::Chosen together = world.select({first, whole}, {0, 1}, rule_of(unit), isa, threads);
    const Described::Chosen alone = other.select({piecewise}, {1}, rule_of(unit), isa);
    const size_t lists = alone.lists.size();
    for (size_t i = 0; i < lists; ++i) {
      EXPECT_EQ(together.lists[lists + i], alone.lists[i]);
      EXPECT_EQ(together.mass[lists + i], alone.mass[i]);
      EXPECT_LE(alone.lists[i].size(), 200u);
    }
  }
}

// Queries that are not finite must neither crash nor keep sinks and recent window out.
TEST_P(DescriptorGrid, ValuesThatAreNotFiniteStillSelect) {
  const auto& [isa, shape] = GetParam();
  Described world(shape);
  const int64_t id = world.describe(0, 1000, isa);
  std::fill_n(world.query(0), world.geometry().query_floats(), NAN);
  const Described::Chosen chosen = world.select({id}, {0}, rule_of(SelectionRule::kBlocks), isa);
  for (const std::vector<int32_t>& list : chosen.lists) {
    ASSERT_LE(list.size(), 200u);
    for (int32_t p = 0; p < 4; ++p) EXPECT_EQ(list[static_cast<size_t>(p)], p);
    for (size_t i = 1; i <= 32; ++i) EXPECT_EQ(list[list.size() - i], kTokens - static_cast<int32_t>(i));
  }
}

INSTANTIATE_TEST_SUITE_P(Every, DescriptorGrid,
                         testing::Combine(testing::ValuesIn(available_isas()), testing::ValuesIn(grid())),
                         [](const auto& info) {
                           return isa_name(std::get<0>(info.param)) + ("_" + std::get<1>(info.param).name());
                         });

TEST(DescriptorSelection, ASequenceWithoutBlocksSelectsNothing) {
  Described world(DescribedShape{});
  const int64_t empty = world.descriptors().begin_sequence();
  const Described::Chosen chosen = world.select({0, empty}, {0, 1}, rule_of(SelectionRule::kBlocks), active_isa());
  for (const std::vector<int32_t>& list : chosen.lists) EXPECT_TRUE(list.empty());
}

class KeptQueries : public testing::TestWithParam<Isa> {};

TEST_P(KeptQueries, AreThoseOfTheNextPosition) {
  for (const bool norms : {false, true})
    for (const float factor : {1.0f, 1.3f})
      for (const int32_t head_dim : {24, 64, 128}) {
        Shape shape;
        shape.head_dim = head_dim, shape.norms = norms, shape.window = norms ? 100 : 0;
        World world(shape, 3);
        world.scale_rotation(factor);
        world.run({{0, 130}, {1, 5}}, GetParam());
        const std::vector<Chunk> chunks = {{0, 1}, {2, 40}, {1, 1}};
        const std::vector<float> kept = world.run_keeping(chunks, GetParam(), ShuffledThreads(3, 9));
        for (size_t s = 0; s < chunks.size(); ++s)
          for (int32_t h = 0; h < shape.num_heads(); ++h) {
            const int32_t position = world.cached(chunks[s].seq) - 1;
            const std::vector<double> expected = reference::norm_and_rotate(
                world.q_input(chunks[s].seq, position, h), world.q_norm(), world.norm_epsilon(),
                world.cos(position + 1), world.sin(position + 1), head_dim);
            for (int32_t i = 0; i < head_dim; ++i)
              ASSERT_NEAR(kept[s * shape.out_width() + h * head_dim + i],
                          expected[i] / std::sqrt(head_dim) * std::log2(std::exp(1.0)), 2e-5)
                  << "chunk " << s << ", head " << h << ", " << i;
          }
      }
}

TEST_P(KeptQueries, LeaveTheOutputAsItIs) {
  World plain(Shape{}, 4), keeping(Shape{}, 4);
  const std::vector<Chunk> first = {{0, 100}}, second = {{0, 1}, {1, 9}};
  plain.run(first, GetParam()), keeping.run_keeping(first, GetParam());
  const std::vector<float> out = plain.run(second, GetParam());
  keeping.run_keeping(second, GetParam());
  EXPECT_EQ(first_difference(out, keeping.out()), out.size());
}

INSTANTIATE_TEST_SUITE_P(Every, KeptQueries, testing::ValuesIn(available_isas()),
                         [](const auto& info) { return isa_name(info.param); });

}  // namespace
}  // namespace contexture
