#include "addon/block_arena.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <new>
#include <utility>

namespace convfuse::addon {
namespace {

// A huge page: one fault then brings in 512 times as much.  Smaller blocks gain a cache line.
constexpr std::align_val_t kAlignment{size_t{2} << 20};

// Two outputs of 64 MB, the largest layers of common networks at batch 16, and their inputs.
constexpr size_t kMostRetained = size_t{192} << 20;

// Whole pages, and few distinct sizes: shapes that differ by a little share blocks.
constexpr size_t kGranularity = size_t{64} << 10;

void* Allocate(size_t bytes) {
  void* data = ::operator new(bytes, kAlignment);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  madvise(data, bytes, MADV_HUGEPAGE);  // advice: failing is fine
#endif
  return data;
}

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
  for (const Free& block : free_) ::operator delete(block.data, kAlignment);
}

Block BlockArena::Acquire(size_t bytes) {
  if (bytes > SIZE_MAX - kGranularity) throw std::bad_alloc();
  bytes = (bytes + kGranularity) / kGranularity * kGranularity;
  Block block;
  block.arena_ = shared_from_this();
  {
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
  std::lock_guard<std::mutex> lock(mutex_);
  try {
    free_.push_back({data, bytes});
  } catch (...) {
    ::operator delete(data, kAlignment);
    return;
  }
  retained_ += bytes;
  while (retained_ > kMostRetained) {
    ::operator delete(free_.front().data, kAlignment);
    retained_ -= free_.front().bytes;
    free_.erase(free_.begin());
  }
}

}  // namespace convfuse::addon
