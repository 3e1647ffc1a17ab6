#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "contexture/execution.h"
#include "cpu/dispatch.h"

namespace contexture {
namespace {

constexpr const char* kNames[] = {"portable", "avx2", "avx512"};

Isa detect() {
  Isa best = Isa::kPortable;
  for (const Isa isa : {Isa::kAvx2, Isa::kAvx512})
    if (isa_available(isa)) best = isa;
  const char* wanted = std::getenv("CONTEXTURE_ISA");
  if (wanted != nullptr) {
    for (int i = 0; i < static_cast<int>(best); ++i)
      if (std::strcmp(wanted, kNames[i]) == 0) return static_cast<Isa>(i);
  }
  return best;
}

}  // namespace

bool isa_available(Isa isa) {
#ifdef CONTEXTURE_X86
  __builtin_cpu_init();
  switch (isa) {
    case Isa::kPortable: return true;
    case Isa::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    case Isa::kAvx512:
      return isa_available(Isa::kAvx2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  }
  return false;
#else
  return isa == Isa::kPortable;
#endif
}

Isa active_isa() {
  static const Isa isa = detect();
  return isa;
}

const char* isa_name(Isa isa) { return kNames[static_cast<int>(isa)]; }

const KernelTable& kernels_for(Isa isa) {
#ifdef CONTEXTURE_X86
  if (isa == Isa::kAvx512) return avx512_kernels();
  if (isa == Isa::kAvx2) return avx2_kernels();
#endif
  (void)isa;
  return portable_kernels();
}

}  // namespace contexture
