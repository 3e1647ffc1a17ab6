#include "contexture/elementwise.h"

#include <algorithm>

#include "cpu/dispatch.h"
#include "cpu/run_items.h"

namespace contexture {
namespace {

constexpr int64_t kInlineElements = 1 << 15;  // less is faster on the calling thread
constexpr int64_t kItemElements = 1 << 13;

auto block_sum_of(const KernelTable& kernels, SumOf sum_of) {
  return sum_of == SumOf::kInt8 ? kernels.block_sum_int8 : kernels.block_sum;
}

}  // namespace

void block_sum(const float* x, float* sums, int64_t rows, int64_t width, int64_t block, SumOf sum_of,
               const Execution& execution) {
  const auto sum = block_sum_of(kernels_for(execution.isa), sum_of);
  const int64_t blocks = rows * (width / block);
  const int64_t per_item = std::max<int64_t>(1, kItemElements / block);
  const int64_t items = (blocks + per_item - 1) / per_item;
  run_items(execution.parallel, rows * width <= kInlineElements, static_cast<size_t>(items), [&](size_t i) {
    const int64_t first = static_cast<int64_t>(i) * per_item;
    sum(x + first * block, sums + first, std::min(per_item, blocks - first), block);
  });
}

void swiglu(const float* gate_up, float* y, float* sums, int64_t rows, int64_t width, int64_t block,
            SumOf sum_of, const Execution& execution) {
  const KernelTable& kernels = kernels_for(execution.isa);
  const auto sum = block_sum_of(kernels, sum_of);
  // Items are pieces of rows that hold whole blocks, so that the sums read what is still in the cache.
  const int64_t unit = block > 0 ? block : 64;
  const int64_t piece = std::max<int64_t>(unit, kItemElements / 4 / unit * unit);
  const int64_t pieces = (width + piece - 1) / piece;
  run_items(execution.parallel, rows * width * 4 <= kInlineElements, static_cast<size_t>(rows * pieces),
            [&](size_t i) {
              const int64_t row = static_cast<int64_t>(i) / pieces;
              const int64_t first = static_cast<int64_t>(i) % pieces * piece;
              const int64_t last = std::min(width, first + piece);
              kernels.swiglu_row(gate_up + row * 2 * width, y + row * width, first, last, width);
              if (block > 0)
                sum(y + row * width + first, sums + (row * width + first) / block,
                    (last - first) / block, block);
            });
}

}  // namespace contexture
