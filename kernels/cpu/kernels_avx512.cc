#define CTX_ISA_AVX512
#include "kernels_isa.h"

namespace contexture {

const KernelTable& avx512_kernels() {
  static const KernelTable table = avx512::table("avx512");
  return table;
}

}  // namespace contexture
