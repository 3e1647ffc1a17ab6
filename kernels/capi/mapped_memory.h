// Memory of a pool: zero at first, taken physically when it is written.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>

namespace contexture {

class MappedMemory {
 public:
  explicit MappedMemory(int64_t bytes) : bytes_(static_cast<size_t>(bytes)) {
    void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    madvise(memory, bytes_, MADV_HUGEPAGE);  // advice only: small pages work as well
#endif
    data_ = static_cast<char*>(memory);
  }
  ~MappedMemory() { munmap(data_, bytes_); }
  MappedMemory(const MappedMemory&) = delete;
  MappedMemory& operator=(const MappedMemory&) = delete;

  char* data() const { return data_; }

 private:
  const size_t bytes_;
  char* data_ = nullptr;
};

}  // namespace contexture
