// Decode attention on the device against plain double sums.
#include "cuda/decode_attention.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cuda/test/support.h"

namespace contexture {
namespace cuda {
namespace {

struct Shape {
  int32_t head_dim, kv_heads, group, page_tokens;
  Element element;

  std::string name() const {
    return "dim" + std::to_string(head_dim) + "_kv" + std::to_string(kv_heads) + "_group" + std::to_string(group) + "_page" +
           std::to_string(page_tokens) + "_" + cuda::name(element);
  }
};
std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.name(); }

std::vector<Shape> grid() {
  std::vector<Shape> shapes;
  int32_t turn = 0;
  for (const int32_t head_dim : {64, 80, 96, 112, 128, 256})
    for (const int32_t group : {1, 2, 3, 4, 7, 8, 12, 16})
      for (const Element element : {Element::kF16, Element::kBf16})
        shapes.push_back({head_dim, 1 + turn % 3, group, 8 << turn++ % 5, element});
  return shapes;
}

constexpr int32_t kLayers = 2, kLayer = 1, kGroups = 2, kGroup = 1;

// Sequences of several lengths, of which some attend to lists.
class World {
 public:
  World(const Shape& shape, std::vector<int32_t> lengths, uint64_t seed)
      : shape_(shape), random_(seed), lengths_(std::move(lengths)) {
    int32_t pages = 1;
    for (const int32_t length : lengths_) pages += (length + shape.page_tokens - 1) / shape.page_tokens;
    geometry_.layers = kLayers, geometry_.kv_heads = shape.kv_heads, geometry_.head_dim = shape.head_dim;
    geometry_.page_tokens = shape.page_tokens, geometry_.pages = pages, geometry_.dtype = KvDtype::kF16;
    geometry_.layout = KvLayout::kPairs;
    pool_ = random_bits(random_, static_cast<size_t>(geometry_.pool_bytes() / 2), shape.element);
    pages_ = shuffled_pages(random_, pages);
    int32_t page = 0;
    for (const int32_t length : lengths_) {
      page_offsets_.push_back(page);
      page += (length + shape.page_tokens - 1) / shape.page_tokens;
    }
    q_ = random_bits(random_, lengths_.size() * heads() * shape.head_dim, shape.element);
    counts_.assign(lengths_.size() * kGroups * shape.kv_heads, 0);
    row_of_sequence_.assign(lengths_.size(), -1);
  }

  int32_t heads() const { return shape_.kv_heads * shape_.group; }

  // Every other token of the sequence, and its last one.
  void select(size_t seq, int32_t every) {
    stride_ = *std::max_element(lengths_.begin(), lengths_.end()) + 3;
    slots_.resize(counts_.size() * stride_, -1);
    row_of_sequence_[seq] = static_cast<int32_t>(seq);
    for (int32_t head = 0; head < shape_.kv_heads; ++head) {
      const size_t list = (seq * kGroups + kGroup) * shape_.kv_heads + head;
      counts_[list] = 0;
      for (int32_t p = head; p < lengths_[seq]; p += every)
        slots_[list * stride_ + static_cast<size_t>(counts_[list]++)] = slot(seq, p);
    }
  }
  void select_nothing(size_t seq) { row_of_sequence_[seq] = static_cast<int32_t>(seq); }

  std::vector<float> run(int32_t splits) {
    DeviceBuffer<uint16_t> pool(pool_), q(q_), out(q_.size());
    DeviceBuffer<int32_t> lengths(lengths_), offsets(page_offsets_), pages(pages_), rows(row_of_sequence_), counts(counts_),
        slots(slots_);
    DecodeAttention d;
    d.geometry = geometry_, d.element = shape_.element, d.pool = pool.data(), d.layer = kLayer, d.layer_group = kGroup;
    d.num_heads = heads(), d.scale = scale();
    d.tables = {static_cast<int32_t>(lengths_.size()), lengths.data(), offsets.data(), pages.data()};
    d.selection = {kGroups, shape_.kv_heads, stride_, rows.data(), counts.data(), slots.data()};
    d.q = q.data(), d.out = out.data(), d.splits = splits;
    DeviceBuffer<float> partial(partial_floats(d.tables.sequences, d.num_heads, d.splits, d.geometry.head_dim));
    d.partial = partial.data();
    check(cudaMemset(out.data(), 0xff, out.bytes()), "cudaMemset");
    decode_attention(d, nullptr);
    check(cudaDeviceSynchronize(), "decode attention");
    std::vector<float> values;
    for (const uint16_t bits : out.get()) values.push_back(to_float(bits, shape_.element));
    return values;
  }

  std::vector<double> expected() const {
    std::vector<double> out(q_.size(), 0.0);
    for (size_t seq = 0; seq < lengths_.size(); ++seq)
      for (int32_t head = 0; head < heads(); ++head) {
        const int32_t kv_head = head / shape_.group;
        const size_t at = (seq * heads() + head) * shape_.head_dim;
        std::vector<double> scores;
        double highest = -INFINITY, sum = 0;
        const std::vector<int32_t> list = attended(seq, kv_head);
        for (const int32_t s : list) {
          double score = 0;
          for (int32_t i = 0; i < shape_.head_dim; ++i)
            score += static_cast<double>(to_float(q_[at + i], shape_.element)) * value(s, kv_head, 0, i);
          scores.push_back(score * scale());
          highest = std::max(highest, scores.back());
        }
        for (double& score : scores) sum += score = std::exp(score - highest);
        for (size_t k = 0; k < list.size(); ++k)
          for (int32_t i = 0; i < shape_.head_dim; ++i) out[at + i] += scores[k] / sum * value(list[k], kv_head, 1, i);
      }
    return out;
  }

  void expect_close(const std::vector<float>& actual) const {
    const std::vector<double> wanted = expected();
    ASSERT_EQ(actual.size(), wanted.size());
    double worst = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_TRUE(std::isfinite(actual[i])) << i;
      worst = std::max(worst, std::fabs(actual[i] - wanted[i]));
    }
    // A weight and a result are rounded once each; values are below 2.
    EXPECT_LT(worst, 4 * precision(shape_.element));
  }

 private:
  float scale() const { return 1.0f / std::sqrt(static_cast<float>(shape_.head_dim)); }
  int32_t slot(size_t seq, int32_t p) const {
    return pages_[page_offsets_[seq] + p / shape_.page_tokens] * shape_.page_tokens + p % shape_.page_tokens;
  }
  std::vector<int32_t> attended(size_t seq, int32_t kv_head) const {
    const size_t list = (seq * kGroups + kGroup) * shape_.kv_heads + kv_head;
    std::vector<int32_t> slots;
    if (lengths_[seq] > 0 && row_of_sequence_[seq] >= 0) {
      slots.assign(slots_.begin() + list * stride_, slots_.begin() + list * stride_ + counts_[list]);
    } else {
      for (int32_t p = 0; p < lengths_[seq]; ++p) slots.push_back(slot(seq, p));
    }
    return slots;
  }
  double value(int32_t slot, int32_t kv_head, int32_t what, int32_t i) const {
    const int64_t at = geometry_.key_row_offset(kLayer, slot, kv_head) + what * geometry_.value_offset();
    return to_float(pool_[static_cast<size_t>(at / 2 + i)], shape_.element);
  }

  const Shape shape_;
  Random random_;
  const std::vector<int32_t> lengths_;
  PoolGeometry geometry_;
  std::vector<uint16_t> pool_, q_;
  std::vector<int32_t> pages_, page_offsets_, row_of_sequence_, counts_, slots_;
  int32_t stride_ = 0;
};

class DecodeAttentionOf : public testing::TestWithParam<Shape> {};

TEST_P(DecodeAttentionOf, EverythingAndLists) {
  World world(GetParam(), {1, 15, 0, 16, 17, 65, 333, 700}, 3);
  world.select(4, 2);
  world.select(6, 3);
  world.select(7, 1);
  for (const int32_t splits : {1, 3, 8}) {
    SCOPED_TRACE("splits " + std::to_string(splits));
    world.expect_close(world.run(splits));
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, DecodeAttentionOf, testing::ValuesIn(grid()),
                         [](const auto& info) { return info.param.name(); });

TEST(DecodeAttention, EmptyListsGiveZeros) {
  World world({128, 2, 4, 16, Element::kF16}, {40, 50}, 5);
  world.select(1, 4);
  world.select_nothing(0);
  for (const int32_t splits : {1, 4}) {
    const std::vector<float> out = world.run(splits);
    for (size_t i = 0; i < out.size() / 2; ++i) ASSERT_EQ(out[i], 0.0f);
    world.expect_close(out);
  }
}

TEST(DecodeAttention, LongContexts) {
  World world({128, 2, 4, 32, Element::kF16}, {9000, 12345}, 7);
  world.select(1, 5);
  world.expect_close(world.run(32));
}

TEST(DecodeAttention, EqualRunsGiveEqualBits) {
  World world({128, 2, 4, 32, Element::kF16}, {3000, 100}, 9);
  EXPECT_EQ(world.run(8), world.run(8));
}

TEST(DecodeAttentionHost, RefusesWhatItHasNoKernelFor) {
  DecodeAttention d;
  d.geometry.kv_heads = 2, d.geometry.head_dim = 72, d.geometry.page_tokens = 16, d.num_heads = 2, d.tables.sequences = 1;
  EXPECT_THROW(decode_attention(d, nullptr), std::invalid_argument);
  d.geometry.head_dim = 64, d.num_heads = 34;
  EXPECT_THROW(decode_attention(d, nullptr), std::invalid_argument);
  d.num_heads = 2, d.splits = 65;
  EXPECT_THROW(decode_attention(d, nullptr), std::invalid_argument);
}

TEST(DecodeAttentionHost, SplitsKeepTheDeviceBusyAndAreWorthTheirLaunch) {
  EXPECT_EQ(decode_splits(64, 8, 100000, 132), 1);
  EXPECT_EQ(decode_splits(1, 8, 100000, 132), 33);
  EXPECT_EQ(decode_splits(16, 8, 100000, 132), 2);
  EXPECT_EQ(decode_splits(32, 8, 100000, 132), 1);
  EXPECT_EQ(decode_splits(32, 5, 100000, 132), 3);  // 160 blocks of 264 that fit at once
  EXPECT_EQ(decode_splits(16, 10, 100000, 132), 3);
  EXPECT_EQ(decode_splits(32, 5, 300, 132), 1);  // two would take as long as one
  EXPECT_EQ(decode_splits(33, 8, 100000, 132), 1);
  EXPECT_EQ(decode_splits(40, 8, 100000, 132), 3);
  EXPECT_EQ(decode_splits(1, 8, 256, 132), 2);
  EXPECT_EQ(decode_splits(1, 1, 1 << 20, 132), 64);
  EXPECT_EQ(decode_splits(0, 8, 0, 132), 1);
}

}  // namespace
}  // namespace cuda
}  // namespace contexture
