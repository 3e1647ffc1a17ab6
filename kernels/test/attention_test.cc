#include "test/attention_fixture.h"

#include <gtest/gtest.h>

namespace contexture {
namespace {

void expect_close(const std::vector<float>& got, const std::vector<double>& want, double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_TRUE(std::isfinite(got[i])) << "at " << i;
    worst = std::max(worst, std::fabs(got[i] - want[i]));
  }
  EXPECT_LE(worst, tolerance);
}

TEST(PagedAttention, MatchesReference) {
  for (const Isa isa : available_isas()) {
    SCOPED_TRACE(isa_name(isa));
    World world(Shape{}, 1);
    const auto out = world.run({{0, 300}, {1, 5}}, isa);
    expect_close(out, world.expected(), 1e-5);
    const auto mixed = world.run({{2, 7}, {0, 1}, {1, 130}}, isa);
    expect_close(mixed, world.expected(), 1e-5);
    const auto decode = world.run({{0, 1}, {1, 1}}, isa);
    expect_close(decode, world.expected(), 1e-5);
  }
}

}  // namespace
}  // namespace contexture
