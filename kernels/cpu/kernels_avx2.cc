#define CTX_ISA_AVX2
#include "kernels_isa.h"

namespace contexture {

const KernelTable& avx2_kernels() {
  static const KernelTable table = avx2::table("avx2");
  return table;
}

}  // namespace contexture
