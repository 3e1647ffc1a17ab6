// Halves, infinities and large values.
#include "test/attention_fixture.h"

#include <gtest/gtest.h>

#include <limits>

#include "cpu/half.h"

namespace contexture {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class SpecialValues : public testing::TestWithParam<Isa> {};

// 16 sequences of one token, 16 KV heads of 256: one value for every half that there is.
Shape all_halves() {
  Shape shape;
  shape.kv_heads = 16, shape.group = 1, shape.head_dim = 256, shape.page_tokens = 8, shape.dtype = KvDtype::kF16;
  shape.max_seqs = 16, shape.max_tokens = 8, shape.layers = 1, shape.layer = 0;
  return shape;
}

// A single key has weight 1, so the output is V itself. A second token must not reach the first, whatever it holds.
void expect_every_half_survives(Isa isa, int32_t tokens) {
  World world(all_halves(), 1);
  std::vector<Chunk> chunks;
  for (int32_t seq = 0; seq < 16; ++seq) {
    chunks.push_back({seq, tokens});
    for (int32_t head = 0; head < 16; ++head)
      for (int32_t i = 0; i < 256; ++i) {
        const float value = half_to_float(static_cast<uint16_t>((seq * 16 + head) * 256 + i));
        world.v_input(seq, 0, head)[i] = std::isnan(value) ? 1.0f : value;
        world.v_input(seq, 1, head)[i] = kInfinity;
      }
  }
  const std::vector<float> out = world.run(chunks, isa);
  for (int32_t seq = 0; seq < 16; ++seq)
    for (int32_t i = 0; i < 16 * 256; ++i)
      ASSERT_EQ(out[static_cast<size_t>(seq) * tokens * 16 * 256 + i], world.v_input(seq, 0, 0)[i])
          << "half " << seq * 4096 + i;
}

TEST_P(SpecialValues, DecodeReadsEveryHalf) { expect_every_half_survives(GetParam(), 1); }
TEST_P(SpecialValues, PrefillReadsEveryHalf) { expect_every_half_survives(GetParam(), 2); }

TEST_P(SpecialValues, HalvesRoundToNearestEven) {
  Shape shape;
  shape.dtype = KvDtype::kF16, shape.head_dim = 512, shape.kv_heads = 16, shape.group = 1, shape.max_seqs = 1;
  shape.max_tokens = 16;
  World world(shape, 2);
  Random random(3);
  const float borders[] = {0.0f,      -0.0f,     0x1p-24f,    0x1p-25f,  0x1.8p-25f, 0x1.8p-24f, 0x1.ff8p-15f,
                           0x1.ffcp-15f, 0x1p-14f, 1.0f + 0x1p-11f, 1.0f + 0x1.8p-10f, 65504.0f, 65519.99f, 65520.0f,
                           kInfinity, 1e30f};
  for (int32_t position = 0; position < 16; ++position)
    for (int32_t i = 0; i < 16 * 512; ++i) {
      float* value = world.v_input(0, position, 0) + i;
      *value = i < 16 ? borders[i] : std::ldexp(random.value(), static_cast<int>(random.below(44)) - 27);
      if (position % 2 == 1) *value = -*value;
    }
  world.run({{0, 16}}, GetParam());
  for (int32_t position = 0; position < 16; ++position)
    for (int32_t head = 0; head < 16; ++head) {
      const std::vector<float> row = world.cached_row(0, position, head, 1, shape.layer);
      for (int32_t i = 0; i < 512; ++i)
        ASSERT_EQ(row[i], reference::round_to_half(world.v_input(0, position, head)[i]))
            << world.v_input(0, position, head)[i];
    }
}

// Keys at one infinity, values at the other: finite where the reference is finite, close to it there, and not finite
// where it is not.
TEST_P(SpecialValues, InfinitiesReachOnlyTheRowsThatSeeThem) {
  for (const int32_t window : {0, 64})
    for (const KvDtype dtype : {KvDtype::kF32, KvDtype::kF16}) {
      Shape shape;
      shape.window = window, shape.dtype = dtype, shape.max_seqs = 1;
      World world(shape, 4);
      world.stop_rotation();  // which would make both signs of one infinity
      world.k_input(0, 150, 0)[7] = kInfinity;
      world.v_input(0, 400, 1)[9] = -kInfinity;
      std::vector<Chunk> chunks = {{0, 600}, {0, 1}, {0, 1}, {0, 100}};
      int32_t not_finite = 0, finite = 0;
      for (const Chunk chunk : chunks) {
        const std::vector<float> out = world.run({chunk}, GetParam());
        for (int32_t row = 0; row < chunk.tokens; row += chunk.tokens > 1 ? 7 : 1) {
          const std::vector<double> want = world.expected_row(0, row);
          for (size_t i = 0; i < want.size(); ++i) {
            const float got = out[row * want.size() + i];
            ASSERT_EQ(std::isfinite(got), std::isfinite(want[i]))
                << "position " << world.cached(0) - chunk.tokens + row << ", value " << i << ", window " << window;
            if (std::isfinite(got)) ASSERT_NEAR(got, want[i], 1e-5);
            ++(std::isfinite(got) ? finite : not_finite);
          }
        }
      }
      EXPECT_GT(not_finite, 0);
      EXPECT_GT(finite, 0);
    }
}

// Scores up to 1e8 differ by far more than f32 can add: the softmax picks one key, never NaN.
TEST_P(SpecialValues, LargeScoresPickOneKey) {
  for (const KvDtype dtype : {KvDtype::kF32, KvDtype::kF16}) {
    Shape shape;
    shape.dtype = dtype, shape.max_seqs = 1;
    World world(shape, 5);
    world.stop_rotation();
    const auto bump = [](int32_t position) { return 1000.0f + static_cast<float>(position * 37 % 1013); };
    for (int32_t position = 0; position < 700; ++position) {
      for (int32_t head = 0; head < shape.num_heads(); ++head)
        std::fill_n(world.q_input(0, position, head), shape.head_dim, 500.0f);
      for (int32_t head = 0; head < shape.kv_heads; ++head)
        std::fill_n(world.k_input(0, position, head), shape.head_dim, bump(position));
    }
    for (const Chunk chunk : {Chunk{0, 600}, Chunk{0, 1}, Chunk{0, 99}}) {
      const int32_t first = world.cached(0);
      const std::vector<float> out = world.run({chunk}, GetParam());
      for (int32_t row = 0; row < chunk.tokens; ++row) {
        int32_t best = 0;
        for (int32_t key = 1; key <= first + row; ++key)
          if (bump(key) > bump(best)) best = key;
        for (int32_t head = 0; head < shape.num_heads(); ++head) {
          const std::vector<float> v = world.cached_row(0, best, head / shape.group, 1, shape.layer);
          for (int32_t i = 0; i < shape.head_dim; ++i)
            ASSERT_EQ(out[(static_cast<size_t>(row) * shape.num_heads() + head) * shape.head_dim + i], v[i])
                << "position " << first + row;
        }
      }
    }
  }
}

// Scores far below zero everywhere: the maximum is subtracted, so nothing underflows to 0 / 0.
TEST_P(SpecialValues, EqualVeryNegativeScoresWeighEqually) {
  Shape shape;
  shape.max_seqs = 1;
  World world(shape, 6);
  world.stop_rotation();
  for (int32_t position = 0; position < 601; ++position) {
    for (int32_t head = 0; head < shape.num_heads(); ++head)
      std::fill_n(world.q_input(0, position, head), shape.head_dim, -1000.0f);
    for (int32_t head = 0; head < shape.kv_heads; ++head) {
      std::fill_n(world.k_input(0, position, head), shape.head_dim, 1000.0f);
      std::fill_n(world.v_input(0, position, head), shape.head_dim, position % 2 == 0 ? 1.0f : 3.0f);
    }
  }
  const std::vector<float> prefill = world.run({{0, 600}}, GetParam());
  const std::vector<float> decode = world.run({{0, 1}}, GetParam());
  for (int32_t i = 0; i < shape.out_width(); ++i) {
    EXPECT_FLOAT_EQ(prefill[static_cast<size_t>(599) * shape.out_width() + i], 2.0f);
    EXPECT_FLOAT_EQ(decode[i], (301.0f + 900.0f) / 601.0f);
  }
}

TEST(Half, ConvertsEveryPattern) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = half_to_float(static_cast<uint16_t>(bits));
    const uint32_t exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 31 && fraction != 0) {
      ASSERT_TRUE(std::isnan(value)) << bits;
      continue;
    }
    const double magnitude = exponent == 31 ? INFINITY
                             : exponent == 0 ? fraction / 16777216.0
                                             : std::exp2(static_cast<int>(exponent) - 15) * (1 + fraction / 1024.0);
    ASSERT_EQ(value, bits & 0x8000 ? -magnitude : magnitude) << bits;
    ASSERT_EQ(reference::round_to_half(value), value) << bits;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, SpecialValues, testing::ValuesIn(available_isas()),
                         [](const auto& info) { return isa_name(info.param); });

}  // namespace
}  // namespace contexture
