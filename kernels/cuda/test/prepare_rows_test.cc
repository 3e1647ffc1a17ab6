// Norm, rotary and append on the device against the reference.
#include "cuda/prepare_rows.h"

#include <gtest/gtest.h>

#include <tuple>

#include "cuda/test/support.h"

namespace contexture {
namespace cuda {
namespace {

class PrepareRowsOf : public testing::TestWithParam<std::tuple<int32_t, bool, Element>> {};

TEST_P(PrepareRowsOf, MatchesTheReference) {
  const auto [head_dim, norms, element] = GetParam();
  constexpr int32_t kHeads = 6, kKvHeads = 2, kRows = 5, kPositions = 300, kLayer = 1;
  constexpr float kEpsilon = 1e-5f;
  PoolGeometry g;
  g.layers = 2, g.kv_heads = kKvHeads, g.head_dim = head_dim, g.page_tokens = 16, g.pages = 4, g.dtype = KvDtype::kF16,
  g.layout = KvLayout::kPairs;
  Random random(11);
  const int32_t width = (kHeads + 2 * kKvHeads) * head_dim;
  const std::vector<uint16_t> qkv = random_bits(random, static_cast<size_t>(kRows) * width, element);
  std::vector<uint16_t> q_norm = random_bits(random, head_dim, element), k_norm = random_bits(random, head_dim, element);
  const Rotary rotary(kPositions, head_dim);
  const std::vector<int32_t> positions = {0, 7, -1, 299, 31}, slots = {5, 63, 1, 17, 32};
  std::vector<uint16_t> before(static_cast<size_t>(g.pool_bytes() / 2), 0x1234);

  DeviceBuffer<uint16_t> pool(before), in(qkv), qn(q_norm), kn(k_norm), q(static_cast<size_t>(kRows) * kHeads * head_dim);
  DeviceBuffer<int32_t> device_positions(positions), device_slots(slots);
  DeviceBuffer<float> cos(rotary.cos), sin(rotary.sin);
  PrepareRows p;
  p.geometry = g, p.element = element, p.pool = pool.data(), p.layer = kLayer, p.num_heads = kHeads, p.rows = kRows;
  p.qkv = in.data(), p.positions = device_positions.data(), p.slots = device_slots.data();
  p.rope_cos = cos.data(), p.rope_sin = sin.data(), p.norm_epsilon = kEpsilon, p.q = q.data();
  if (norms) p.q_norm = qn.data(), p.k_norm = kn.data();
  prepare_rows(p, nullptr);
  check(cudaDeviceSynchronize(), "prepare_rows");

  const std::vector<uint16_t> after = pool.get(), queries = q.get();
  std::vector<uint16_t> untouched = after;
  for (int32_t row = 0; row < kRows; ++row) {
    if (positions[row] < 0) continue;
    for (int32_t h = 0; h < kHeads + 2 * kKvHeads; ++h) {
      std::vector<float> x(head_dim), weight(head_dim);
      for (int32_t i = 0; i < head_dim; ++i) {
        x[i] = to_float(qkv[static_cast<size_t>(row) * width + h * head_dim + i], element);
        weight[i] = to_float(h < kHeads ? q_norm[i] : k_norm[i], element);
      }
      const bool value = h >= kHeads + kKvHeads;
      std::vector<double> wanted(x.begin(), x.end());
      const size_t angle = static_cast<size_t>(positions[row]) * head_dim / 2;
      if (!value)
        wanted = reference::norm_and_rotate(x.data(), norms ? weight.data() : nullptr, kEpsilon, &rotary.cos[angle],
                                            &rotary.sin[angle], head_dim);
      size_t at = (static_cast<size_t>(row) * kHeads + h) * head_dim;
      if (h >= kHeads)
        at = static_cast<size_t>(g.key_row_offset(kLayer, slots[row], (h - kHeads) % kKvHeads) +
                                 (value ? g.value_offset() : 0)) /
             2;
      for (int32_t i = 0; i < head_dim; ++i) {
        const double actual = to_float(h < kHeads ? queries[at + i] : after[at + i], element);
        ASSERT_NEAR(actual, wanted[i], 1.1 * precision(element) * std::max(0.1, std::fabs(wanted[i])))
            << "row " << row << ", head " << h << ", value " << i;
        if (h >= kHeads) untouched[at + i] = 0x1234;
      }
    }
  }
  EXPECT_EQ(untouched, before) << "rows that are not the step's must stay as they were";
}

INSTANTIATE_TEST_SUITE_P(Shapes, PrepareRowsOf,
                         testing::Combine(testing::Values(64, 80, 96, 128, 256), testing::Bool(),
                                          testing::Values(Element::kF16, Element::kBf16)),
                         [](const auto& info) {
                           return "dim" + std::to_string(std::get<0>(info.param)) +
                                  (std::get<1>(info.param) ? "_norms_" : "_") + name(std::get<2>(info.param));
                         });

}  // namespace
}  // namespace cuda
}  // namespace contexture
