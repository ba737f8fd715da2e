// Memory whose neighbours nobody may touch: NaN canaries next to the values, then pages that fault.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <new>
#include <stdexcept>
#include <string>

namespace convfuse::test {

class Guarded {
 public:
  explicit Guarded(size_t capacity_floats) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    bytes_ = (capacity_floats * 4 + page - 1) / page * page;
    total_ = bytes_ + 2 * page;
    base_ =
        static_cast<char*>(mmap(nullptr, total_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base_ == MAP_FAILED || mprotect(base_ + page, bytes_, PROT_READ | PROT_WRITE) != 0)
      throw std::bad_alloc();
    begin_ = reinterpret_cast<float*>(base_ + page);
    capacity_ = bytes_ / 4;
  }
  ~Guarded() { munmap(base_, total_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  // Room for n floats, all NaN, that end at the faulting page behind them (at_end) or begin at the
  // one before them.
  float* Place(size_t n, bool at_end) {
    if (n > capacity_)
      throw std::length_error("expected at most " + std::to_string(capacity_) +
                              " floats, received " + std::to_string(n));
    size_ = n;
    data_ = at_end ? begin_ + (capacity_ - n) : begin_;
    for (float* p = Low(); p < High(); ++p) *p = NAN;
    for (float* p = Low(); p < data_; ++p) Poison(p);
    for (float* p = data_ + n; p < High(); ++p) Poison(p);
    return data_;
  }
  float* data() const { return data_; }
  size_t size() const { return size_; }

  bool Intact() const {
    for (const float* p = Low(); p < data_; ++p)
      if (!Poisoned(p)) return false;
    for (const float* p = data_ + size_; p < High(); ++p)
      if (!Poisoned(p)) return false;
    return true;
  }

 private:
  // Canaries reach this far; what lies beyond is the faulting page, or memory nobody checks.
  static constexpr size_t kReach = 64;
  static constexpr uint32_t kPattern = 0x7FC0CAFE;  // a NaN
  float* Low() const {
    return static_cast<size_t>(data_ - begin_) < kReach ? begin_ : data_ - kReach;
  }
  float* High() const {
    float* end = begin_ + capacity_;
    return static_cast<size_t>(end - data_) - size_ < kReach ? end : data_ + size_ + kReach;
  }
  static void Poison(float* p) { memcpy(p, &kPattern, 4); }
  static bool Poisoned(const float* p) { return memcmp(p, &kPattern, 4) == 0; }

  char* base_;
  float* begin_;
  float* data_ = nullptr;
  size_t bytes_, total_, capacity_, size_ = 0;
};

}  // namespace convfuse::test
