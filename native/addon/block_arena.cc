#include "addon/block_arena.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <new>
#include <utility>

namespace convfuse::addon {
namespace {

// Two outputs of 64 MB, the largest layers of common networks at batch 16, and their inputs.
constexpr size_t kMostRetained = size_t{192} << 20;

// Below this, malloc recycles well by itself.
constexpr size_t kLeastRecycled = size_t{256} << 10;

// Whole pages, and few distinct sizes: shapes that differ by a little share blocks.
constexpr size_t kGranularity = size_t{64} << 10;

constexpr size_t kHugePage = size_t{2} << 20;

// With huge pages, one fault brings in 512 times as much.
bool IsHuge(size_t bytes) { return bytes >= 2 * kHugePage; }

std::align_val_t AlignmentOf(size_t bytes) {
  constexpr size_t kCacheLine = 64;
  return std::align_val_t{IsHuge(bytes) ? kHugePage : kCacheLine};
}

void* Allocate(size_t bytes) {
  void* data = ::operator new(bytes, AlignmentOf(bytes));
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (IsHuge(bytes)) madvise(data, bytes, MADV_HUGEPAGE);  // advice: failing is fine
#endif
  return data;
}

void Free(void* data, size_t bytes) { ::operator delete(data, AlignmentOf(bytes)); }

}  // namespace

Block& Block::operator=(Block&& other) noexcept {
  std::swap(arena_, other.arena_);
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Block::~Block() {
  if (data_ != nullptr) arena_->Release(data_, bytes_);
}

BlockArena::~BlockArena() {
  for (const Recycled& block : free_) Free(block.data, block.bytes);
}

Block BlockArena::Acquire(size_t bytes) {
  if (bytes > SIZE_MAX - kGranularity) throw std::bad_alloc();
  Block block;
  block.arena_ = shared_from_this();
  if (bytes >= kLeastRecycled) {
    bytes = (bytes + kGranularity - 1) / kGranularity * kGranularity;
    std::lock_guard<std::mutex> lock(mutex_);
    size_t best = free_.size();
    for (size_t i = 0; i < free_.size(); ++i) {
      const bool fits = free_[i].bytes >= bytes && free_[i].bytes - bytes <= bytes / 4;
      if (fits && (best == free_.size() || free_[i].bytes <= free_[best].bytes)) best = i;
    }
    if (best < free_.size()) {
      block.data_ = free_[best].data;
      block.bytes_ = free_[best].bytes;
      retained_ -= block.bytes_;
      free_.erase(free_.begin() + static_cast<ptrdiff_t>(best));
      return block;
    }
  }
  block.data_ = Allocate(bytes);
  block.bytes_ = bytes;
  return block;
}

void BlockArena::Release(void* data, size_t bytes) noexcept {
  if (bytes < kLeastRecycled) return Free(data, bytes);
  std::lock_guard<std::mutex> lock(mutex_);
  try {
    free_.push_back({data, bytes});
  } catch (...) {
    return Free(data, bytes);
  }
  retained_ += bytes;
  while (retained_ > kMostRetained) {
    Free(free_.front().data, free_.front().bytes);
    retained_ -= free_.front().bytes;
    free_.erase(free_.begin());
  }
}

}  // namespace convfuse::addon
