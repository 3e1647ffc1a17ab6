// Areas of a device's memory that are backed as far as they are used: addresses for all that an area may ever hold, memory
// that moves from one to another.
//
// Idea: when a layer's keys and values go to host memory, what backed them serves the other layers' further pages. Addresses
// stay what they are, so captured graphs stay right (CUDA's virtual memory management). Trade-off: memory moves in pieces,
// and an area is backed from its front.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <vector>

namespace contexture {
namespace cuda {

class BackedMemory {
 public:
  // bytes: of memory in all, taken at once; area_bytes: of addresses. Both are rounded to pieces. Throws CudaError.
  BackedMemory(int64_t piece_bytes, int64_t bytes, const std::vector<int64_t>& area_bytes);
  ~BackedMemory();
  BackedMemory(const BackedMemory&) = delete;
  BackedMemory& operator=(const BackedMemory&) = delete;

  // What a piece must be a multiple of. Throws CudaError where the device's memory cannot be managed so.
  static int64_t granularity();

  char* area(size_t area) const { return base_ + offsets_[area]; }
  int64_t bytes() const { return pieces_ * piece_bytes_; }
  int64_t backed_bytes(size_t area) const { return static_cast<int64_t>(backing_[area].size()) * piece_bytes_; }

  // Backs each area with so many bytes, rounded up; what lies in pieces that it keeps stays as it is. Nothing may be using
  // the others. Throws std::invalid_argument, before anything moves, if that is more than there is.
  void back(const std::vector<int64_t>& bytes);

 private:
  void map(size_t area);
  void unmap_last(size_t area);
  void release();

  const int64_t piece_bytes_;
  int64_t pieces_ = 0, address_bytes_ = 0;
  int device_ = 0;
  char* base_ = nullptr;
  std::vector<int64_t> offsets_, room_;         // of each area, in bytes and in pieces
  std::vector<uint64_t> free_;                  // handles of pieces that back nothing
  std::vector<std::vector<uint64_t>> backing_;  // of each area, from its front
};

}  // namespace cuda
}  // namespace contexture
