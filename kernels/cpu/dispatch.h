#pragma once

#include "contexture/execution.h"
#include "cpu/kernel_table.h"

namespace contexture {

// The variant must be available.
const KernelTable& kernels_for(Isa isa);

}  // namespace contexture
