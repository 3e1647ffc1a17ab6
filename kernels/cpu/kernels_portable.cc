#define CTX_ISA_PORTABLE
#include "kernels_isa.h"

namespace contexture {

const KernelTable& portable_kernels() {
  static const KernelTable table = portable::table("portable");
  return table;
}

}  // namespace contexture
