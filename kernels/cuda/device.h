// What the host side of every kernel needs: errors as exceptions, device memory that frees itself.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "capi/checks.h"

namespace contexture {
namespace cuda {

// A failed call of the CUDA runtime, in its own words.
class CudaError : public DeviceFailure {
 public:
  CudaError(const char* what, cudaError_t error)
      : DeviceFailure(std::string(what) + ": " + cudaGetErrorString(error) + " (" + cudaGetErrorName(error) + ")") {}
};

inline void check(cudaError_t error, const char* what) {
  if (error != cudaSuccess) throw CudaError(what, error);
}

// Behind every launch: a refused one, of too much shared memory say, is told by nothing else.
inline void check_launch(const char* kernel) { check(cudaGetLastError(), kernel); }

// Numbers that the kernels read and write in 16 bits.
enum class Element { kF16, kBf16 };

// Device memory for `count` values.
template <class T>
class DeviceBuffer {
 public:
  explicit DeviceBuffer(size_t count) : count_(count) {
    if (count > 0) check(cudaMalloc(&data_, count * sizeof(T)), "cudaMalloc");
  }
  explicit DeviceBuffer(const std::vector<T>& values) : DeviceBuffer(values.size()) { put(values); }
  ~DeviceBuffer() { cudaFree(data_); }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  T* data() { return static_cast<T*>(data_); }
  const T* data() const { return static_cast<const T*>(data_); }
  size_t count() const { return count_; }
  size_t bytes() const { return count_ * sizeof(T); }

  void put(const std::vector<T>& values) {
    if (values.size() > count_) throw std::invalid_argument("more values than the device buffer has room for");
    check(cudaMemcpy(data_, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
  }
  std::vector<T> get() const {
    std::vector<T> values(count_);
    check(cudaMemcpy(values.data(), data_, bytes(), cudaMemcpyDeviceToHost), "cudaMemcpy");
    return values;
  }

 private:
  const size_t count_;
  void* data_ = nullptr;
};

// A stream that waits for no other; its destructor waits for what it does.
class Stream {
 public:
  Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate"); }
  ~Stream() {
    cudaStreamSynchronize(stream_);
    cudaStreamDestroy(stream_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

class Event {
 public:
  Event() { check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "cudaEventCreate"); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void record(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "cudaEventRecord"); }
  cudaEvent_t get() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

// Memory that is taken anew, twice as large, where it is too small; what it held is gone then.
template <cudaError_t (*kTake)(void**, size_t), cudaError_t (*kGiveBack)(void*)>
class Growing {
 public:
  Growing() = default;
  ~Growing() { kGiveBack(data_); }
  Growing(const Growing&) = delete;
  Growing& operator=(const Growing&) = delete;

  void* at_least(size_t bytes) {
    if (bytes > bytes_) {
      check(kGiveBack(data_), "giving memory back");  // waits for what runs
      data_ = nullptr, bytes_ = 0;
      check(kTake(&data_, 2 * bytes), "taking memory");
      bytes_ = 2 * bytes;
    }
    return data_;
  }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

using GrowingBuffer = Growing<cudaMalloc, cudaFree>;
// Page-locked: copies between it and the device need no detour.
using StagingBuffer = Growing<cudaMallocHost, cudaFreeHost>;

}  // namespace cuda
}  // namespace contexture
