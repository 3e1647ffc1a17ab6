#include "contexture/elementwise.h"

#include <algorithm>

#include "cpu/dispatch.h"
#include "cpu/run_items.h"
#include "cpu/thread_scratch.h"

namespace contexture {
namespace {

constexpr int64_t kInlineElements = 1 << 15;  // less is faster on the calling thread
constexpr int64_t kItemElements = 1 << 13;
constexpr int64_t kCorrectionRows = 48;        // rows and columns of one item
constexpr int64_t kCorrectionColumns = 512;

constexpr int64_t kProductOutputsPerItem = 256;

}  // namespace

void block_sum(const float* x, float* sums, int64_t rows, int64_t width, int64_t block, SumOf sum_of,
               const Execution& execution) {
  const KernelTable& kernels = kernels_for(execution.isa);
  const auto sum = sum_of == SumOf::kInt8 ? kernels.block_sum_int8 : kernels.block_sum;
  const int64_t blocks = rows * (width / block);
  const int64_t per_item = std::max<int64_t>(1, kItemElements / block);
  const int64_t items = (blocks + per_item - 1) / per_item;
  run_items(execution.parallel, rows * width <= kInlineElements, static_cast<size_t>(items), [&](size_t i) {
    const int64_t first = static_cast<int64_t>(i) * per_item;
    sum(x + first * block, sums + first, std::min(per_item, blocks - first), block);
  });
}

void add_block_corrections(const BlockCorrection& args, const Execution& execution) {
  const KernelTable& kernels = kernels_for(execution.isa);
  const int64_t blocks = args.inputs / args.block;
  // The caller's scratch: the items read it and use none of their own.
  float* const sums = thread_scratch(args.rows * blocks);
  block_sum(args.x, sums, args.rows, args.inputs, args.block, args.sum_of, execution);
  const int64_t columns = (args.outputs + kCorrectionColumns - 1) / kCorrectionColumns;
  const int64_t bands = (args.rows + kCorrectionRows - 1) / kCorrectionRows;
  run_items(execution.parallel, args.rows * args.outputs * blocks <= kInlineElements,
            static_cast<size_t>(columns * bands), [&](size_t i) {
              const int64_t column = static_cast<int64_t>(i) % columns * kCorrectionColumns;
              const int64_t row = static_cast<int64_t>(i) / columns * kCorrectionRows;
              const int64_t offset = row * args.outputs + column;
              kernels.add_products({sums + row * blocks, blocks, args.corrections + column, args.product + offset,
                                    args.out + offset, args.outputs, std::min(kCorrectionRows, args.rows - row),
                                    std::min(kCorrectionColumns, args.outputs - column)});
            });
}

void int8_product(const Int8Product& args, const Execution& execution) {
  const KernelTable& kernels = kernels_for(execution.isa);
  const Int8ProductArgs a = {args.x, args.codes, args.scales, args.out, args.rows, args.inputs, args.outputs, args.block};
  const int64_t items = std::max<int64_t>(1, args.outputs / kProductOutputsPerItem);
  run_items(execution.parallel, args.rows * args.inputs * args.outputs <= kInlineElements, static_cast<size_t>(items),
            [&](size_t i) {
              const int64_t first = static_cast<int64_t>(i) * kProductOutputsPerItem;
              const bool last = static_cast<int64_t>(i) == items - 1;
              kernels.int8_product(a, first, last ? args.outputs : first + kProductOutputsPerItem);
            });
}

void int8_rows(const Int8Rows& args, const Execution& execution) {
  const int64_t blocks = args.width / args.block;
  run_items(execution.parallel, args.rows * args.width <= kInlineElements, static_cast<size_t>(args.rows),
            [&](size_t t) {
              const int8_t* codes = args.codes + args.ids[t] * args.width;
              const float* scales = args.scales + args.ids[t] * blocks;
              float* out = args.out + static_cast<int64_t>(t) * args.width;
              for (int64_t b = 0; b < blocks; ++b)
                for (int64_t i = b * args.block; i < (b + 1) * args.block; ++i)
                  out[i] = static_cast<float>(codes[i]) * scales[b];
            });
}

void swiglu(const float* gate_up, float* y, int64_t rows, int64_t width, const Execution& execution) {
  const KernelTable& kernels = kernels_for(execution.isa);
  constexpr int64_t kPiece = kItemElements / 4;
  const int64_t pieces = (width + kPiece - 1) / kPiece;
  run_items(execution.parallel, rows * width * 4 <= kInlineElements, static_cast<size_t>(rows * pieces),
            [&](size_t i) {
              const int64_t row = static_cast<int64_t>(i) / pieces;
              const int64_t first = static_cast<int64_t>(i) % pieces * kPiece;
              kernels.swiglu_row(gate_up + row * 2 * width, y + row * width, first, std::min(width, first + kPiece),
                                 width);
            });
}

}  // namespace contexture
