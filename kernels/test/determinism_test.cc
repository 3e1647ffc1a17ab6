// What must not change a bit: other sequences, chunk borders, threads, the order of items, pages.
#include "test/attention_fixture.h"

#include <gtest/gtest.h>

#include <memory>
#include <tuple>

namespace contexture {
namespace {

std::vector<Shape> shapes() {
  std::vector<Shape> shapes(6);
  shapes[1].dtype = KvDtype::kF16, shapes[1].group = 4, shapes[1].page_tokens = 8;
  shapes[2].head_dim = 80, shapes[2].group = 7, shapes[2].kv_heads = 1, shapes[2].window = 150;
  shapes[3].head_dim = 128, shapes[3].group = 1, shapes[3].dtype = KvDtype::kF16, shapes[3].norms = true;
  shapes[4].head_dim = 256, shapes[4].group = 2, shapes[4].window = 37, shapes[4].page_tokens = 128;
  shapes[5].head_dim = 72, shapes[5].group = 16, shapes[5].kv_heads = 1, shapes[5].page_tokens = 64;
  return shapes;
}

std::vector<float> append(std::vector<float> to, const std::vector<float>& rows) {
  to.insert(to.end(), rows.begin(), rows.end());
  return to;
}

// The outputs of sequence 0's first tokens, brought in chunks of the given size (a last single row joins its chunk).
std::vector<float> in_chunks(const Shape& shape, int32_t tokens, int32_t chunk, Isa isa) {
  World world(shape, 5);
  std::vector<float> out;
  while (world.cached(0) < tokens) {
    const int32_t left = tokens - world.cached(0);
    out = append(std::move(out), world.run({{0, left - chunk < 2 ? left : chunk}}, isa));
  }
  return out;
}

double largest_distance(const std::vector<float>& a, const std::vector<float>& b) {
  double worst = a.size() == b.size() ? 0 : INFINITY;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    const double distance = std::fabs(static_cast<double>(a[i]) - b[i]);
    worst = distance <= worst ? worst : distance;
  }
  return worst;
}

class Determinism : public testing::TestWithParam<std::tuple<Isa, Shape>> {
 protected:
  const Isa isa_ = std::get<0>(GetParam());
  const Shape shape_ = std::get<1>(GetParam());
};

TEST_P(Determinism, BatchEqualsSingle) {
  World together(shape_, 6);
  const std::vector<std::vector<Chunk>> steps = {
      {{0, 600}, {1, 33}, {2, 1}, {3, 140}}, {{2, 1}, {3, 5}, {1, 1}, {0, 1}}, {{3, 1}, {2, 40}, {0, 1}, {1, 200}}};
  std::vector<std::unique_ptr<World>> owners;
  for (int32_t seq = 0; seq < shape_.max_seqs; ++seq) owners.push_back(std::make_unique<World>(shape_, 6));
  for (const auto& step : steps) {
    const std::vector<float> got = together.run(step, isa_);
    std::vector<float> want;
    for (const Chunk& chunk : step) want = append(std::move(want), owners[chunk.seq]->run({chunk}, isa_));
    ASSERT_EQ(got.size(), want.size());
    EXPECT_EQ(first_difference(got, want), got.size());
  }
}

TEST_P(Determinism, ChunksOfTwoRowsOrMoreEqualTheWholePrefill) {
  constexpr int32_t kTokens = 700;
  const std::vector<float> whole = in_chunks(shape_, kTokens, kTokens, isa_);
  for (const int32_t chunk : {2, 17, 127, 128, 129, 512}) {
    const std::vector<float> chunked = in_chunks(shape_, kTokens, chunk, isa_);
    ASSERT_EQ(whole.size(), chunked.size());
    EXPECT_EQ(first_difference(whole, chunked), whole.size()) << "chunks of " << chunk;
  }
}

// A single row takes the decode path, which adds in another order: the same up to rounding, not the same bits. The
// bound is that of two results that both match the reference, see attention_test.cc.
TEST_P(Determinism, SingleRowsDifferFromTheWholePrefillByRoundingOnly) {
  constexpr int32_t kTokens = 700;
  World world(shape_, 5);
  std::vector<float> rows = world.run({{0, 500}}, isa_);
  while (world.cached(0) < kTokens) rows = append(std::move(rows), world.run({{0, 1}}, isa_));
  EXPECT_LE(largest_distance(in_chunks(shape_, kTokens, kTokens, isa_), rows),
            2 * (16 + 2 * std::sqrt(shape_.head_dim)) * 0x1p-24);
}

TEST_P(Determinism, ThreadsAndOrderDoNotMatter) {
  const std::vector<std::vector<Chunk>> steps = {{{0, 700}, {1, 300}, {2, 40}}, {{0, 1}, {3, 90}, {1, 1}, {2, 1}},
                                                 {{0, 1}, {1, 1}, {2, 1}, {3, 1}}};
  World serial(shape_, 7);
  std::vector<std::vector<float>> want;
  for (const auto& step : steps) want.push_back(serial.run(step, isa_));
  for (const int threads : {1, 2, 4}) {
    World world(shape_, 7);
    const ShuffledThreads executor(threads, 8);
    for (size_t i = 0; i < steps.size(); ++i) {
      const int calls = executor.calls();
      EXPECT_EQ(first_difference(world.run(steps[i], isa_, executor), want[i]), want[i].size())
          << threads << " threads, step " << i;
      EXPECT_GT(executor.calls(), calls) << "step " << i << " was too small to be shared";
    }
  }
}

TEST_P(Determinism, PagesDoNotMatter) {
  const std::vector<std::vector<Chunk>> steps = {{{0, 520}, {1, 30}}, {{0, 1}, {1, 7}}, {{0, 1}, {1, 1}}};
  World first(shape_, 9);
  Shape other = shape_;
  other.page_tokens = shape_.page_tokens == 8 ? 128 : 8;
  World second(other, 9);
  for (const auto& step : steps) {
    const std::vector<float> want = first.run(step, isa_);
    EXPECT_EQ(first_difference(second.run(step, isa_), want), want.size());
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Determinism,
                         testing::Combine(testing::ValuesIn(available_isas()), testing::ValuesIn(shapes())),
                         [](const auto& info) {
                           return isa_name(std::get<0>(info.param)) + ("_" + std::get<1>(info.param).name());
                         });

}  // namespace
}  // namespace contexture
