// Memory of a pool: zero at first, taken physically when it is written.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

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

  // Takes a part's memory physically now, and changes nothing that is in it, whoever writes there at the same time.
  void pretouch(int64_t offset, int64_t bytes) {
    const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    char* begin = data_ + (static_cast<uintptr_t>(offset) & ~(page - 1));  // mappings begin on a page
    char* end = data_ + offset + bytes;
#ifdef MADV_POPULATE_WRITE
    if (madvise(begin, static_cast<size_t>(end - begin), MADV_POPULATE_WRITE) == 0) return;
#endif
    for (char* at = begin; at < end; at += page) __atomic_fetch_or(at, 0, __ATOMIC_RELAXED);  // before Linux 5.14
  }

 private:
  const size_t bytes_;
  char* data_ = nullptr;
};

}  // namespace contexture
