#include "cuda/backed_memory.h"

#include <cuda.h>

#include <stdexcept>
#include <string>

#include "cuda/device.h"

namespace contexture {
namespace cuda {
namespace {

// The driver's functions; the runtime, which is linked statically, knows where they are.
template <class Function>
Function driver(const char* name) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found{};
  check(cudaGetDriverEntryPointByVersion(name, &function, 12000, cudaEnableDefault, &found), name);
  if (found != cudaDriverEntryPointSuccess) throw std::runtime_error(std::string("the driver has no ") + name);
  return reinterpret_cast<Function>(function);
}

struct Driver {
  decltype(&cuMemGetAllocationGranularity) granularity =
      driver<decltype(&cuMemGetAllocationGranularity)>("cuMemGetAllocationGranularity");
  decltype(&cuMemAddressReserve) reserve = driver<decltype(&cuMemAddressReserve)>("cuMemAddressReserve");
  decltype(&cuMemAddressFree) give_back = driver<decltype(&cuMemAddressFree)>("cuMemAddressFree");
  decltype(&cuMemCreate) create = driver<decltype(&cuMemCreate)>("cuMemCreate");
  decltype(&cuMemRelease) release = driver<decltype(&cuMemRelease)>("cuMemRelease");
  decltype(&cuMemMap) map = driver<decltype(&cuMemMap)>("cuMemMap");
  decltype(&cuMemUnmap) unmap = driver<decltype(&cuMemUnmap)>("cuMemUnmap");
  decltype(&cuMemSetAccess) set_access = driver<decltype(&cuMemSetAccess)>("cuMemSetAccess");

  static const Driver& instance() {
    static const Driver functions;
    return functions;
  }
};

void ok(CUresult result, const char* what) {
  if (result == CUDA_ERROR_OUT_OF_MEMORY) throw CudaError(what, cudaErrorMemoryAllocation);
  if (result != CUDA_SUCCESS)
    throw std::runtime_error(std::string(what) + ": the driver's error " + std::to_string(static_cast<int>(result)));
}

int current_device() {
  check(cudaFree(nullptr), "the device's context");
  int device = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  return device;
}

CUmemAllocationProp memory_of(int device) {
  CUmemAllocationProp properties{};
  properties.type = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  properties.location.id = device;
  return properties;
}

int64_t divided_up(int64_t x, int64_t by) { return (x + by - 1) / by; }

}  // namespace

int64_t BackedMemory::granularity() {
  const CUmemAllocationProp properties = memory_of(current_device());
  size_t bytes = 0;
  ok(Driver::instance().granularity(&bytes, &properties, CU_MEM_ALLOC_GRANULARITY_RECOMMENDED), "granularity");
  return static_cast<int64_t>(bytes);
}

BackedMemory::BackedMemory(int64_t piece_bytes, int64_t bytes, const std::vector<int64_t>& area_bytes)
    : piece_bytes_(piece_bytes), device_(current_device()), backing_(area_bytes.size()) {
  for (const int64_t area : area_bytes) {
    offsets_.push_back(address_bytes_);
    room_.push_back(divided_up(area, piece_bytes));
    address_bytes_ += room_.back() * piece_bytes;
  }
  const Driver& d = Driver::instance();
  try {
    CUdeviceptr base = 0;
    ok(d.reserve(&base, static_cast<size_t>(address_bytes_), 0, 0, 0), "reserving addresses");
    base_ = reinterpret_cast<char*>(base);
    const CUmemAllocationProp properties = memory_of(device_);
    for (pieces_ = 0; pieces_ < bytes / piece_bytes; ++pieces_) {
      CUmemGenericAllocationHandle piece = 0;
      ok(d.create(&piece, static_cast<size_t>(piece_bytes), &properties, 0), "taking memory");
      free_.push_back(piece);
    }
  } catch (const std::exception&) {
    release();
    throw;
  }
}

BackedMemory::~BackedMemory() { release(); }

void BackedMemory::release() {
  const Driver& d = Driver::instance();
  for (size_t area = 0; area < backing_.size(); ++area)
    while (!backing_[area].empty()) unmap_last(area);
  for (const uint64_t piece : free_) d.release(piece);
  if (base_ != nullptr) d.give_back(reinterpret_cast<CUdeviceptr>(base_), static_cast<size_t>(address_bytes_));
}

void BackedMemory::map(size_t area) {
  const Driver& d = Driver::instance();
  const auto at = reinterpret_cast<CUdeviceptr>(this->area(area) + backed_bytes(area));
  const auto bytes = static_cast<size_t>(piece_bytes_);
  ok(d.map(at, bytes, 0, free_.back(), 0), "mapping memory");
  backing_[area].push_back(free_.back());
  free_.pop_back();
  CUmemAccessDesc access{};
  access.location = memory_of(device_).location;
  access.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
  ok(d.set_access(at, bytes, &access, 1), "access to memory");
}

void BackedMemory::unmap_last(size_t area) {
  free_.push_back(backing_[area].back());
  backing_[area].pop_back();
  const auto at = reinterpret_cast<CUdeviceptr>(this->area(area) + backed_bytes(area));
  Driver::instance().unmap(at, static_cast<size_t>(piece_bytes_));
}

void BackedMemory::back(const std::vector<int64_t>& bytes) {
  std::vector<int64_t> wanted;
  int64_t all = 0;
  for (size_t area = 0; area < backing_.size(); ++area) {
    wanted.push_back(divided_up(bytes.at(area), piece_bytes_));
    all += wanted.back();
    if (wanted.back() > room_[area])
      throw std::invalid_argument("area " + std::to_string(area) + " has addresses for less than " +
                                  std::to_string(bytes[area]) + " bytes");
  }
  if (all > pieces_)
    throw std::invalid_argument("areas of " + std::to_string(all * piece_bytes_) + " bytes are wanted, but there are " +
                                std::to_string(pieces_ * piece_bytes_));
  for (size_t area = 0; area < backing_.size(); ++area)
    while (static_cast<int64_t>(backing_[area].size()) > wanted[area]) unmap_last(area);
  for (size_t area = 0; area < backing_.size(); ++area)
    while (static_cast<int64_t>(backing_[area].size()) < wanted[area]) map(area);
}

}  // namespace cuda
}  // namespace contexture
