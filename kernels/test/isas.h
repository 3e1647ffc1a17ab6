// The instruction sets that this build and this CPU have, for tests that run once per variant.
#pragma once

#include <cstring>
#include <ostream>
#include <vector>

#include "contexture/execution.h"

namespace contexture {

constexpr Isa kEveryIsa[] = {Isa::kPortable, Isa::kAvx2, Isa::kAvx512};

inline void PrintTo(Isa isa, std::ostream* out) { *out << isa_name(isa); }  // found by GoogleTest

inline std::vector<Isa> available_isas() {
  std::vector<Isa> isas;
  for (const Isa isa : kEveryIsa)
    if (isa_available(isa)) isas.push_back(isa);
  return isas;
}

// The same bits; NaN equals NaN of the same bits. Returns the first difference, or the size.
inline size_t first_difference(const std::vector<float>& a, const std::vector<float>& b) {
  size_t i = 0;
  while (i < a.size() && i < b.size() && std::memcmp(&a[i], &b[i], sizeof(float)) == 0) ++i;
  return i;
}

}  // namespace contexture
