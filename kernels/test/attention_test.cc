// Paged attention against the reference, on every instruction set.
#include "test/attention_fixture.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

namespace contexture {
namespace {

// Every head_dim with every group and both types; page sizes, windows and norms take turns over these.
std::vector<Shape> grid() {
  std::vector<Shape> shapes;
  int32_t turn = 0;
  for (const int32_t head_dim : {64, 80, 96, 128, 256})
    for (const int32_t group : {1, 3, 4, 7, 16})
      for (const KvDtype dtype : {KvDtype::kF32, KvDtype::kF16}) {
        Shape shape;
        shape.head_dim = head_dim, shape.group = group, shape.dtype = dtype;
        shape.kv_heads = group < 7 ? 2 : 1;
        shape.page_tokens = 8 << turn % 5;
        shape.window = std::vector<int32_t>{0, 37, 0, 300, 0, 1, 512}[turn % 7];
        shape.norms = turn % 3 == 1;
        shape.max_seqs = 3;
        shapes.push_back(shape);
        turn += 3;
      }
  // The bounds, and a row that is padded.
  for (const int32_t head_dim : {2, 72, 512}) {
    Shape shape;
    shape.head_dim = head_dim, shape.group = 2, shape.norms = true, shape.max_seqs = 3;
    shapes.push_back(shape);
  }
  return shapes;
}

// Rows of a chunk that are compared: the borders of the chunk, of key tiles and of parts, and some between.
std::vector<int32_t> sample_rows(int32_t first_position, int32_t rows, Random& random) {
  std::set<int32_t> sample = {0, 1, rows / 2, rows - 2, rows - 1};
  for (const int32_t border : {128, 512})
    for (const int32_t position : {border - 1, border, border + 1}) sample.insert(position - first_position);
  for (int i = 0; i < 6; ++i) sample.insert(static_cast<int32_t>(random.below(static_cast<size_t>(rows))));
  std::vector<int32_t> inside;
  for (const int32_t row : sample)
    if (row >= 0 && row < rows) inside.push_back(row);
  return inside;
}

// A score is a sum of head_dim products of size 1 and comes out with an error of about sqrt(head_dim) roundings of its
// largest partial sum, sqrt(head_dim); after the scale by 1 / sqrt(head_dim) that is sqrt(head_dim) * 2^-24. Weights
// and output inherit it relatively, times values of size 1.7; the rounding of the softmax and of the sums over up to
// 1000 keys is of the order of 16 more. K and V come from the pool on both sides, so its type adds nothing.
double tolerance(int32_t head_dim) { return (16 + 2 * std::sqrt(head_dim)) * 0x1p-24; }

void expect_step_matches(World& world, const std::vector<Chunk>& chunks, Isa isa, Random& random) {
  const std::vector<float> out = world.run(chunks, isa);
  const StepView step = world.step();
  const auto width = static_cast<size_t>(world.shape.out_width());
  for (size_t chunk = 0; chunk < chunks.size(); ++chunk) {
    const int32_t position = step.context_len[chunk];
    for (const int32_t row : sample_rows(position, chunks[chunk].tokens, random)) {
      const std::vector<double> want =
          world.expected_row(static_cast<int32_t>(chunk), step.row_offsets[chunk] + row);
      double worst = 0;
      for (size_t i = 0; i < width; ++i) {
        const float got = out[(step.row_offsets[chunk] + row) * width + i];
        ASSERT_TRUE(std::isfinite(got)) << "position " << position + row << ", value " << i;
        worst = std::max(worst, std::fabs(got - want[i]));
      }
      EXPECT_LE(worst, tolerance(world.shape.head_dim))
          << "chunk of " << chunks[chunk].tokens << " rows after " << position << " tokens, row " << row;
    }
  }
}

Shape shortened(Shape shape) {
  shape.max_tokens = 32;
  return shape;
}

class AttentionGrid : public testing::TestWithParam<std::tuple<Isa, Shape>> {};

// Sequence 0 has 511, 512, 513, 1000 and 1001 keys; 1 has 15, 16, 501, 512 and 513; 2 has 1, 17, 18 and 19.
TEST_P(AttentionGrid, MixedStepsMatchTheReference) {
  const auto& [isa, shape] = GetParam();
  World world(shape, 1);
  Random random(2);
  expect_step_matches(world, {{0, 511}, {1, 15}, {2, 1}}, isa, random);
  expect_step_matches(world, {{2, 16}, {0, 1}, {1, 1}}, isa, random);
  expect_step_matches(world, {{0, 1}, {1, 485}, {2, 1}}, isa, random);
  expect_step_matches(world, {{0, 487}, {2, 1}, {1, 11}}, isa, random);
  expect_step_matches(world, {{1, 1}, {0, 1}}, isa, random);
}

// Decode rows around the places where parts begin and where their size changes, with and without a window.
TEST(Attention, LongContextsMatchTheReference) {
  for (const Isa isa : available_isas())
    for (const int32_t window : {0, 700, 1100})
      for (const KvDtype dtype : {KvDtype::kF16, KvDtype::kF32}) {
        Shape shape;
        shape.max_tokens = 2100, shape.max_seqs = 3, shape.window = window, shape.dtype = dtype, shape.layers = 1, shape.layer = 0;
        SCOPED_TRACE(testing::Message() << isa_name(isa) << ", " << shape.name());
        World world(shape, 5);
        Random random(6);
        world.run({{0, 126}, {1, 1022}, {2, 1534}}, isa);
        for (int32_t row = 0; row < 4; ++row) expect_step_matches(world, {{0, 1}, {1, 1}, {2, 1}}, isa, random);
        world.run({{0, 890}, {2, 507}}, isa);
        for (int32_t row = 0; row < 12; ++row) expect_step_matches(world, {{2, 1}, {0, 1}}, isa, random);
      }
}

TEST_P(AttentionGrid, AppendsNormedRotatedAndRoundedRows) {
  const Isa isa = std::get<0>(GetParam());
  const Shape shape = shortened(std::get<1>(GetParam()));
  World world(shape, 3);
  world.run({{0, 20}, {2, 1}}, isa);
  world.run({{2, 3}, {0, 1}}, isa);
  // One step of the type around a value of at most 4, norms and rotation add a few roundings of f32.
  const double allowed = shape.dtype == KvDtype::kF16 ? 0x1p-9 + 0x1p-19 : 0x1p-19;
  for (const auto& [seq, tokens] : {std::pair{0, 21}, std::pair{2, 4}})
    for (int32_t position = 0; position < tokens; ++position)
      for (int32_t head = 0; head < shape.kv_heads; ++head) {
        const std::vector<float> k = world.cached_row(seq, position, head, 0, shape.layer);
        const std::vector<float> v = world.cached_row(seq, position, head, 1, shape.layer);
        const std::vector<double> want =
            reference::norm_and_rotate(world.k_input(seq, position, head), world.k_norm(), world.norm_epsilon(),
                                       world.cos(position), world.sin(position), shape.head_dim);
        for (int32_t i = 0; i < shape.head_dim; ++i) {
          ASSERT_NEAR(k[i], want[i], allowed) << "K " << i << " at " << position;
          const float value = world.v_input(seq, position, head)[i];
          ASSERT_EQ(v[i], shape.dtype == KvDtype::kF16 ? reference::round_to_half(value) : value)
              << "V " << i << " at " << position;
        }
      }
}

TEST_P(AttentionGrid, WritesNothingButTheRowsOfItsLayer) {
  const Isa isa = std::get<0>(GetParam());
  const Shape shape = shortened(std::get<1>(GetParam()));
  World world(shape, 4);
  world.run({{1, 9}, {0, 1}}, isa);
  for (int32_t head = 0; head < shape.kv_heads; ++head)
    for (const int32_t what : {0, 1}) {
      for (const float x : world.cached_row(1, 8, head, what, shape.layer - 1)) ASSERT_TRUE(std::isnan(x));
      for (const float x : world.cached_row(1, 9, head, what, shape.layer)) ASSERT_TRUE(std::isnan(x));
      for (const float x : world.cached_row(0, 1, head, what, shape.layer)) ASSERT_TRUE(std::isnan(x));
      for (const float x : world.cached_row(2, 0, head, what, shape.layer)) ASSERT_TRUE(std::isnan(x));
    }
}

INSTANTIATE_TEST_SUITE_P(Every, AttentionGrid,
                         testing::Combine(testing::ValuesIn(available_isas()), testing::ValuesIn(grid())),
                         [](const auto& info) {
                           return isa_name(std::get<0>(info.param)) + ("_" + std::get<1>(info.param).name());
                         });

}  // namespace
}  // namespace contexture
