#include "cuda/sliced_product.h"

#include <dlfcn.h>
#include <library_types.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

namespace contexture {
namespace cuda {
namespace {

constexpr int64_t kSliceBytes = int64_t{32} << 20;
constexpr int64_t kLeastSliceOutputs = 32;

// The part of cuBLAS's C interface that is used, declared anew; its numbers are those of CUDA 12 and 13.
using Handle = void*;
constexpr int kTransposed = 1, kAsIs = 0, kComputeFloat = 68, kUsualAlgorithm = -1, kNoReducedSums = 16;

void* loaded_cublas() {
  for (const int how : {RTLD_NOW | RTLD_NOLOAD, RTLD_NOW})
    for (const char* name : {"libcublas.so.12", "libcublas.so.13"})
      if (void* library = dlopen(name, how)) return library;
  throw std::runtime_error(std::string("products of many rows with quantised weights want cuBLAS, and there is neither"
                                       " libcublas.so.12 nor libcublas.so.13: ") + dlerror());
}

template <class Function>
void find(void* library, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  if (*function == nullptr) throw std::runtime_error(std::string("cuBLAS has no ") + name);
}

void done(int status, const char* what) {
  if (status != 0) throw std::runtime_error(std::string(what) + " failed with cuBLAS's status " + std::to_string(status));
}

}  // namespace

struct SlicedProduct::Blas {
  Blas() {
    void* library = loaded_cublas();  // stays loaded
    find(library, "cublasCreate_v2", &create);
    find(library, "cublasDestroy_v2", &destroy);
    find(library, "cublasSetStream_v2", &set_stream);
    find(library, "cublasSetMathMode", &set_math_mode);
    find(library, "cublasGemmEx", &multiply);
  }

  int (*create)(Handle* handle);
  int (*destroy)(Handle handle);
  int (*set_stream)(Handle handle, cudaStream_t stream);
  int (*set_math_mode)(Handle handle, int mode);
  int (*multiply)(Handle handle, int transform_a, int transform_b, int m, int n, int k, const void* alpha, const void* a,
                  cudaDataType type_a, int lda, const void* b, cudaDataType type_b, int ldb, const void* beta, void* c,
                  cudaDataType type_c, int ldc, int compute, int algorithm);
};

struct SlicedProduct::Place {
  explicit Place(const Blas& from) : blas(from), slice(static_cast<size_t>(kSliceBytes)) {
    done(blas.create(&handle), "cublasCreate");
    // Parts of a sum meet in float32, too.
    done(blas.set_math_mode(handle, kNoReducedSums), "cublasSetMathMode");
  }
  ~Place() { blas.destroy(handle); }

  const Blas& blas;
  Handle handle = nullptr;
  DeviceBuffer<char> slice;
};

SlicedProduct::SlicedProduct() : blas_(std::make_unique<Blas>()) {}
SlicedProduct::~SlicedProduct() = default;

std::shared_ptr<SlicedProduct> SlicedProduct::instance() {
  static std::mutex mutex;
  static std::weak_ptr<SlicedProduct> shared;
  const std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<SlicedProduct> there = shared.lock();
  if (there == nullptr) {
    there.reset(new SlicedProduct());
    shared = there;
  }
  return there;
}

void SlicedProduct::run(const BlockWeights& w, const void* x, void* out, int64_t rows, cudaStream_t stream) {
  check_block_weights(w);
  const int64_t row_bytes = w.inputs * static_cast<int64_t>(sizeof(uint16_t)),
                most = std::min(w.outputs, kSliceBytes / row_bytes);
  if (most < std::min(w.outputs, kLeastSliceOutputs) || std::max(rows, w.outputs) > std::numeric_limits<int32_t>::max())
    throw std::invalid_argument("the product is of " + std::to_string(rows) + " rows with " + std::to_string(w.outputs) +
                                " x " + std::to_string(w.inputs) + " weights, which is too large");
  if (rows == 0) return;
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  check(cudaStreamIsCapturing(stream, &capture), "cudaStreamIsCapturing");
  if (capture != cudaStreamCaptureStatusNone)
    throw std::invalid_argument("products of so many rows take memory as they come, which a captured graph cannot");
  const std::lock_guard<std::mutex> lock(mutex_);
  std::unique_ptr<Place>& place = places_[stream];
  if (place == nullptr) place = std::make_unique<Place>(*blas_);
  done(blas_->set_stream(place->handle, stream), "cublasSetStream");
  const float one = 1, none = 0;
  const int inputs = static_cast<int>(w.inputs);
  for (int64_t first = 0; first < w.outputs; first += most) {
    const int64_t count = std::min(most, w.outputs - first);
    dense_rows(w, first, count, place->slice.data(), stream);
    // Columns are the rows of ours: out^T = W x^T.
    done(blas_->multiply(place->handle, kTransposed, kAsIs, static_cast<int>(count), static_cast<int>(rows), inputs, &one,
                         place->slice.data(), CUDA_R_16F, inputs, x, CUDA_R_16F, inputs, &none,
                         static_cast<uint16_t*>(out) + first, CUDA_R_16F, static_cast<int>(w.outputs), kComputeFloat,
                         kUsualAlgorithm),
         "cublasGemmEx");
  }
}

}  // namespace cuda
}  // namespace contexture
