#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "contexture/execution.h"
#include "cpu/dispatch.h"

namespace contexture {
namespace {

constexpr const char* kNames[] = {"portable", "avx2", "avx512"};

Isa best_isa() {
  Isa best = Isa::kPortable;
  for (const Isa isa : {Isa::kAvx2, Isa::kAvx512})
    if (isa_available(isa)) best = isa;
  return best;
}

// A wish that cannot be followed is said once, on the error stream, since there is no caller who could handle it.
Isa detect() {
  const Isa best = best_isa();
  const char* wanted = std::getenv("CONTEXTURE_ISA");
  if (wanted == nullptr || *wanted == '\0') return best;
  for (const Isa isa : {Isa::kPortable, Isa::kAvx2, Isa::kAvx512}) {
    if (std::strcmp(wanted, isa_name(isa)) != 0) continue;
    if (isa_available(isa)) return isa;
    std::fprintf(stderr, "contexture: CONTEXTURE_ISA is '%s', but this machine does not have it; using %s\n", wanted,
                 isa_name(best));
    return best;
  }
  std::fprintf(stderr, "contexture: CONTEXTURE_ISA is '%s'; it must be portable, avx2 or avx512; using %s\n", wanted,
               isa_name(best));
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
