#include "cuda/pinned_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>
#include <string>

#include "cuda/device.h"

namespace contexture {
namespace cuda {
namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;

}  // namespace

PinnedMemory::PinnedMemory(size_t bytes) : mapped_bytes_(bytes + kHugePageBytes) {
  mapped_ = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped_ == MAP_FAILED) throw std::bad_alloc();
  const auto at = reinterpret_cast<uintptr_t>(mapped_);
  data_ = reinterpret_cast<char*>((at + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes);
  madvise(data_, bytes, MADV_HUGEPAGE);  // refused where there are none
  madvise(data_, bytes, MADV_DONTFORK);  // a child's copies on write would take pages from under the device
  const cudaError_t error = cudaHostRegister(data_, bytes, cudaHostRegisterDefault);
  if (error == cudaSuccess) return;
  munmap(mapped_, mapped_bytes_);
  throw CudaError(("taking " + std::to_string(bytes) + " bytes of page-locked host memory").c_str(), error);
}

PinnedMemory::~PinnedMemory() {
  cudaHostUnregister(data_);
  munmap(mapped_, mapped_bytes_);
}

}  // namespace cuda
}  // namespace contexture
