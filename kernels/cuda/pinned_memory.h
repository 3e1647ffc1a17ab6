// Page-locked host memory, which kernels read and write as well.
//
// Idea: single rows out of tens of gigabytes are bound by the translation of addresses before the link is full, so memory is
// asked for in huge pages (Linux's transparent ones, of 2 MiB), and taken as it is where there are none.
#pragma once

#include <cstddef>

namespace contexture {
namespace cuda {

class PinnedMemory {
 public:
  // Throws CudaError; std::bad_alloc without addresses for it.
  explicit PinnedMemory(size_t bytes);
  ~PinnedMemory();
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;

  char* data() const { return data_; }

 private:
  void* mapped_ = nullptr;
  size_t mapped_bytes_ = 0;
  char* data_ = nullptr;
};

}  // namespace cuda
}  // namespace contexture
