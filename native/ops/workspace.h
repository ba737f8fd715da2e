// Aligned scratch memory, kept between runs so that a warm run touches no fresh page.
#pragma once
#include <stddef.h>

#include <mutex>
#include <utility>
#include <vector>

namespace convfuse {

// Floats aligned to 64 bytes (a cache line, and the widest vector).  Contents start undefined.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t floats) { Reserve(floats); }
  AlignedBuffer(AlignedBuffer&& other) noexcept { *this = std::move(other); }
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~AlignedBuffer() { Free(); }

  // At least this many floats; what was stored is lost when it grows.  Throws std::bad_alloc.
  void Reserve(size_t floats);
  float* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  void Free() noexcept;

  float* data_ = nullptr;
  size_t size_ = 0;
};

// A free list: overlapping runs each hold a buffer of their own.
class WorkspacePool {
 public:
  class Lease {
   public:
    Lease(WorkspacePool& pool, size_t floats);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    float* data() const { return buffer_.data(); }

   private:
    WorkspacePool& pool_;
    AlignedBuffer buffer_;
  };

 private:
  std::mutex mutex_;
  std::vector<AlignedBuffer> free_;
};

}  // namespace convfuse
