// Which variant runs. The choice is made once per process, so each case runs in a process of its own.
#include "contexture/execution.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "capi/contexture.h"
#include "cpu/dispatch.h"
#include "test/isas.h"

namespace contexture {
namespace {

[[noreturn]] void print_isa(const char* wanted) {
  if (wanted == nullptr) unsetenv("CONTEXTURE_ISA");
  else setenv("CONTEXTURE_ISA", wanted, 1);
  const Isa isa = active_isa();
  setenv("CONTEXTURE_ISA", "portable", 1);  // too late to count
  std::fprintf(stderr, "[%s %s]", isa_name(isa), ctx_isa());
  std::exit(active_isa() == isa ? 0 : 1);
}

void expect_isa(const char* wanted, Isa expected, const std::string& words = "") {
  const std::string name = isa_name(expected);
  EXPECT_EXIT(print_isa(wanted), testing::ExitedWithCode(0), words + "\\[" + name + " " + name + "\\]")
      << (wanted == nullptr ? "unset" : wanted);
}

class IsaDeathTest : public testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    testing::FLAGS_gtest_death_test_style = "threadsafe";  // starts the program anew
  }
};

TEST_P(IsaDeathTest, EnvironmentNamesTheVariant) {
  const Isa best = available_isas().back();
  const bool available = isa_available(GetParam());
  expect_isa(isa_name(GetParam()), available ? GetParam() : best, available ? "^" : "this machine does not have it.*");
}

// Counts, in every report, the variants that could not be tested here.
TEST_P(IsaDeathTest, VariantIsTestedOnThisMachine) {
  if (!isa_available(GetParam())) GTEST_SKIP() << "this CPU or build has no " << isa_name(GetParam());
  EXPECT_NE(kernels_for(GetParam()).prefill_tile, nullptr);
  for (const Isa other : available_isas())
    if (other != GetParam()) EXPECT_NE(kernels_for(other).prefill_tile, kernels_for(GetParam()).prefill_tile);
}

INSTANTIATE_TEST_SUITE_P(Every, IsaDeathTest, testing::ValuesIn(kEveryIsa),
                         [](const auto& info) { return isa_name(info.param); });

class IsaChoiceDeathTest : public IsaDeathTest {};
TEST_P(IsaChoiceDeathTest, BestVariantWithoutAWish) { expect_isa(nullptr, GetParam(), "^"); }
TEST_P(IsaChoiceDeathTest, EmptyIsNoWish) { expect_isa("", GetParam(), "^"); }
TEST_P(IsaChoiceDeathTest, UnknownNameIsSaidAndNotFollowed) {
  expect_isa("avx1024", GetParam(), "CONTEXTURE_ISA is 'avx1024'; it must be portable, avx2 or avx512.*");
}
INSTANTIATE_TEST_SUITE_P(Best, IsaChoiceDeathTest, testing::Values(available_isas().back()),
                         [](const auto& info) { return isa_name(info.param); });

}  // namespace
}  // namespace contexture
