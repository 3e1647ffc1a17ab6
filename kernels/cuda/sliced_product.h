// Products of many rows with quantised weights.
#pragma once

#include <cuda_runtime.h>

#include <map>
#include <memory>
#include <mutex>

#include "cuda/block_product.h"
#include "cuda/device.h"

namespace contexture {
namespace cuda {

// Idea: many rows pay for making halves of the weights, a slice at a time that fits the device's second-level cache, and cuBLAS
// multiplies with each. cuBLAS is the one that ONNX Runtime has loaded, looked up by name: nothing is linked.
class SlicedProduct {
 public:
  // One for all operations of the process, as long as there are any. Throws std::runtime_error where there is no cuBLAS.
  static std::shared_ptr<SlicedProduct> instance();
  ~SlicedProduct();
  SlicedProduct(const SlicedProduct&) = delete;
  SlicedProduct& operator=(const SlicedProduct&) = delete;

  // As block_product(), for any number of rows; sums are float32. Takes memory for a stream that it sees first, so not within a
  // capture.
  void run(const BlockWeights& w, const void* x, void* out, int64_t rows, cudaStream_t stream);

 private:
  struct Blas;
  struct Place;  // what products of a stream work with
  SlicedProduct();

  std::unique_ptr<Blas> blas_;
  std::mutex mutex_;
  std::map<cudaStream_t, std::unique_ptr<Place>> places_;  // a stream per session
};

}  // namespace cuda
}  // namespace contexture
