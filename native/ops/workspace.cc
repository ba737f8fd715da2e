#include "ops/workspace.h"

#include <stdint.h>

#include <new>
#include <utility>

#include "ops/huge_heap.h"

namespace convfuse {

void AlignedBuffer::Free() noexcept {
  if (data_) FreeHuge(data_, size_ * sizeof(float));
  data_ = nullptr;
  size_ = 0;
}

void AlignedBuffer::Reserve(size_t floats) {
  if (floats <= size_) return;
  if (floats > SIZE_MAX / sizeof(float)) throw std::bad_alloc();
  Free();
  data_ = static_cast<float*>(AllocateHuge(floats * sizeof(float)));
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
