#include "ops/workspace.h"

#include <stdint.h>

#include <new>
#include <utility>

namespace convfuse {

constexpr std::align_val_t kAlignment{64};

void AlignedBuffer::Free::operator()(float* p) const { ::operator delete(p, kAlignment); }

void AlignedBuffer::Reserve(size_t floats) {
  if (floats <= size_) return;
  if (floats > SIZE_MAX / sizeof(float)) throw std::bad_alloc();
  data_.reset();
  size_ = 0;
  data_.reset(static_cast<float*>(::operator new(floats * sizeof(float), kAlignment)));
  size_ = floats;
}

WorkspacePool::Lease::Lease(WorkspacePool& pool, size_t floats) : pool_(pool) {
  {
    std::lock_guard<std::mutex> lock(pool_.mutex_);
    // Room to give the buffer back is made here, where failing is still possible.
    pool_.free_.reserve(pool_.free_.size() + 1);
    if (!pool_.free_.empty()) {
      buffer_ = std::move(pool_.free_.back());
      pool_.free_.pop_back();
    }
  }
  buffer_.Reserve(floats);
}

WorkspacePool::Lease::~Lease() {
  if (buffer_.data() == nullptr) return;
  std::lock_guard<std::mutex> lock(pool_.mutex_);
  // Leases that overlapped may have used up the reserved room: then this buffer is simply freed.
  if (pool_.free_.size() < pool_.free_.capacity()) pool_.free_.push_back(std::move(buffer_));
}

}  // namespace convfuse
