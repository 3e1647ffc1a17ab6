// Decode rows that attend to a selection, against the reference and against dense rows.
#include <gtest/gtest.h>

#include "reference/variable_blocks.h"

#include <numeric>
#include <tuple>

#include "test/attention_fixture.h"

namespace contexture {
namespace {

struct Selected {
  int32_t head_dim, group, page_tokens, window, groups, kv_heads;
  KvDtype dtype;

  std::string name() const {
    return "dim" + std::to_string(head_dim) + "_group" + std::to_string(group) + "_page" + std::to_string(page_tokens) +
           "_window" + std::to_string(window) + "_groups" + std::to_string(groups) + "_lists" + std::to_string(kv_heads) +
           (dtype == KvDtype::kF16 ? "_f16" : "_f32");
  }
};
inline std::ostream& operator<<(std::ostream& out, const Selected& s) { return out << s.name(); }

std::vector<Selected> grid() {
  std::vector<Selected> cases;
  int32_t turn = 0;
  for (const int32_t head_dim : {64, 96, 128, 256})
    for (const int32_t group : {1, 3, 4, 8, 16}) {
      cases.push_back({head_dim, group, 8 << turn % 5, turn % 4 == 3 ? 200 : 0, 1 + turn % 2, turn % 3 == 0 ? 1 : 2,
                       turn % 2 == 0 ? KvDtype::kF16 : KvDtype::kF32});
      ++turn;
    }
  return cases;
}

Shape shape_of(const Selected& s) {
  Shape shape;
  shape.head_dim = s.head_dim, shape.group = s.group, shape.kv_heads = 2, shape.page_tokens = s.page_tokens;
  shape.window = s.window, shape.dtype = s.dtype, shape.max_seqs = 3;
  return shape;
}

// As in attention_test.cc.
double tolerance(int32_t head_dim) { return (16 + 2 * std::sqrt(head_dim)) * 0x1p-24; }

class SelectedAttention : public testing::TestWithParam<std::tuple<Isa, Selected>> {
 protected:
  // Different positions for every list, the row's own last; counts that cross the borders of parts.
  auto some_of_all(int32_t lists) {
    return [this, lists](int32_t position) {
      std::vector<std::vector<int32_t>> chosen;
      for (int32_t list = 0; list < lists; ++list) {
        const size_t every = 1 + random_.below(3);
        std::vector<int32_t> positions;
        for (int32_t p = 0; p < position; ++p)
          if (random_.below(every) == 0) positions.push_back(p);
        positions.push_back(position);
        chosen.push_back(std::move(positions));
      }
      return chosen;
    };
  }
  static auto everything(int32_t lists) {
    return [lists](int32_t position) {
      std::vector<int32_t> all(static_cast<size_t>(position) + 1);
      std::iota(all.begin(), all.end(), 0);
      return std::vector<std::vector<int32_t>>(static_cast<size_t>(lists), all);
    };
  }

  Random random_{5};
};

TEST_P(SelectedAttention, MatchesTheReference) {
  const auto& [isa, selected] = GetParam();
  World world(shape_of(selected), 11);
  world.run({{0, 560}, {1, 15}, {2, 140}}, isa);
  for (int step = 0; step < 3; ++step) {
    const std::vector<Chunk> chunks = {{0, 1}, {1, 1}, {2, 3}};
    const std::vector<float> out = world.run_selected(chunks, selected.groups, selected.kv_heads, 0,
                                                      some_of_all(selected.groups * selected.kv_heads), isa);
    const auto width = static_cast<size_t>(world.shape.out_width());
    for (int32_t row = 0; row < 5; ++row) {
      const std::vector<double> want = world.expected_row(std::min(row, 2), row);
      for (size_t i = 0; i < width; ++i)
        ASSERT_NEAR(out[row * width + i], want[i], tolerance(selected.head_dim)) << "row " << row << ", value " << i;
    }
  }
}

TEST_P(SelectedAttention, SelectingEverythingIsDenseBitForBit) {
  const auto& [isa, selected] = GetParam();
  if (selected.window > 0) return;  // a window moves where the parts of a dense row are cut
  World dense(shape_of(selected), 12), sparse(shape_of(selected), 12);
  const std::vector<Chunk> prompt = {{0, 513}, {1, 30}}, row = {{0, 1}, {1, 1}};
  dense.run(prompt, isa);
  sparse.run(prompt, isa);
  for (int step = 0; step < 2; ++step) {
    const std::vector<float> want = dense.run(row, isa);
    const std::vector<float> got = sparse.run_selected(row, selected.groups, selected.kv_heads, 0,
                                                       everything(selected.groups * selected.kv_heads), isa);
    ASSERT_EQ(first_difference(want, got), want.size());
  }
}

// Chunks see what is selected before them and themselves up to each row.
TEST_P(SelectedAttention, ChunksMatchTheReference) {
  const auto& [isa, selected] = GetParam();
  World world(shape_of(selected), 15);
  world.run({{0, 500}, {1, 90}}, isa);
  const int32_t lists = selected.groups * selected.kv_heads;
  const auto before = [&](int32_t context) {
    std::vector<std::vector<int32_t>> chosen = some_of_all(lists)(context);
    for (std::vector<int32_t>& list : chosen) list.pop_back();
    if (context == 90) chosen[0].clear();
    return chosen;
  };
  const std::vector<float> out =
      world.run_selected({{0, 140}, {1, 40}}, selected.groups, selected.kv_heads, 0, before, isa, SerialFor(), true);
  const auto width = static_cast<size_t>(world.shape.out_width());
  for (const int32_t row : {0, 1, 63, 127, 128, 139, 140, 141, 179}) {
    const std::vector<double> want = world.expected_row(row < 140 ? 0 : 1, row);
    for (size_t i = 0; i < width; ++i)
      ASSERT_NEAR(out[row * width + i], want[i], tolerance(selected.head_dim)) << "row " << row << ", value " << i;
  }
}

// Blocks of unequal length give the same in the uniform format and one by one.
TEST_P(SelectedAttention, BlocksOneByOneAreTheSame) {
  const auto& [isa, selected] = GetParam();
  World world(shape_of(selected), 16);
  if (selected.window > 0) return;
  world.run({{0, 600}}, isa);
  std::vector<std::vector<reference::BlockRange>> blocks(2);
  std::vector<std::vector<int32_t>> lists(2);
  for (int32_t head = 0; head < 2; ++head) {
    for (int32_t at = 3; at < 590; at += 40) {
      const auto length = static_cast<int32_t>(1 + random_.below(30));
      blocks[head].push_back({at, std::min(590, at + length)});
    }
    blocks[head].push_back({600, 601});
    for (const auto& block : blocks[head])
      for (int32_t p = block.first; p < block.last; ++p) lists[head].push_back(p);
  }
  const std::vector<float> uniform =
      world.run_selected({{0, 1}}, 1, 2, 0, [&](int32_t) { return lists; }, isa);
  const std::vector<float> one_by_one = world.attend_to_blocks(blocks, isa);
  for (size_t i = 0; i < uniform.size(); ++i) ASSERT_NEAR(uniform[i], one_by_one[i], tolerance(selected.head_dim));
}

TEST_P(SelectedAttention, FirstDenseLayersAttendToEverything) {
  const auto& [isa, selected] = GetParam();
  World dense(shape_of(selected), 13), sparse(shape_of(selected), 13);
  dense.run({{0, 300}}, isa);
  sparse.run({{0, 300}}, isa);
  const std::vector<float> want = dense.run({{0, 1}}, isa);
  const std::vector<float> got =
      sparse.run_selected({{0, 1}}, selected.groups, selected.kv_heads, dense.shape.layer + 1,
                          some_of_all(selected.groups * selected.kv_heads), isa);
  ASSERT_EQ(first_difference(want, got), want.size());
}

TEST_P(SelectedAttention, ARowIsTheSameAloneAndBesideOthers) {
  const auto& [isa, selected] = GetParam();
  World together(shape_of(selected), 14), alone(shape_of(selected), 14);
  together.run({{0, 520}, {1, 70}, {2, 90}}, isa);
  alone.run({{0, 520}}, isa);
  const int32_t lists = selected.groups * selected.kv_heads;
  const auto every_third = [lists](int32_t position) {
    std::vector<int32_t> positions;
    for (int32_t p = position % 3; p <= position; p += 3) positions.push_back(p);
    return std::vector<std::vector<int32_t>>(static_cast<size_t>(lists), positions);
  };
  const std::vector<float> both =
      together.run_selected({{0, 1}, {1, 1}, {2, 5}}, selected.groups, selected.kv_heads, 0, every_third, isa);
  const std::vector<float> one =
      alone.run_selected({{0, 1}}, selected.groups, selected.kv_heads, 0, every_third, isa);
  ASSERT_EQ(first_difference(one, std::vector<float>(both.begin(), both.begin() + static_cast<int64_t>(one.size()))),
            one.size());
}

INSTANTIATE_TEST_SUITE_P(Every, SelectedAttention,
                         testing::Combine(testing::ValuesIn(available_isas()), testing::ValuesIn(grid())),
                         [](const auto& info) {
                           return isa_name(std::get<0>(info.param)) + ("_" + std::get<1>(info.param).name());
                         });

}  // namespace
}  // namespace contexture
