#include "ops/huge_heap.h"

#include <stdint.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <algorithm>
#include <mutex>
#include <new>

#include "ops/integers.h"

namespace convfuse {
namespace {

constexpr size_t kLine = 64;
constexpr std::align_val_t kLineAlignment{kLine};

#if defined(MADV_HUGEPAGE) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr bool kHasHugePages = true;
#else
constexpr bool kHasHugePages = false;  // with sanitizers, so that they see each buffer by itself
#endif

constexpr size_t kHugePage = size_t{2} << 20;

// Smaller buffers span so few pages that these do not matter: they come from operator new.
constexpr size_t kLeast = size_t{16} << 10;

// What the system is asked for at a time: the layers of a small network.
constexpr size_t kChunk = kHugeSpare;
static_assert(kChunk % kHugePage == 0, "whole pages");

// Stored at the beginning of each free range, so that freeing needs no memory.
struct Range {
  size_t bytes;
  Range* next;  // further up
  char* end() { return reinterpret_cast<char*>(this) + bytes; }
};

// Stored in the first line of every chunk, so that ranges of different chunks never touch.
struct Chunk {
  size_t bytes;
  Chunk* next;
};
static_assert(sizeof(Range) <= kLine && sizeof(Chunk) <= kLine, "notes of a line");

Range* AsRange(char* at, size_t bytes, Range* next) { return new (at) Range{bytes, next}; }

class HugeHeap {
 public:
  void* Allocate(size_t bytes) {
    std::lock_guard<std::mutex> lock(mutex_);
    Range** best = nullptr;
    for (Range** at = &free_; *at; at = &(*at)->next)
      if ((*at)->bytes >= bytes && (!best || (*at)->bytes < (*best)->bytes)) best = at;
    if (!best) best = Put(NewChunk(bytes));
    Range* const range = *best;
    if (spare_ && Begin(spare_) == reinterpret_cast<char*>(range)) spare_ = nullptr;
    const size_t rest = range->bytes - bytes;
    *best = rest == 0 ? range->next
                      : AsRange(reinterpret_cast<char*>(range) + bytes, rest, range->next);
    return range;
  }

  void Free(void* data, size_t bytes) noexcept {
    std::lock_guard<std::mutex> lock(mutex_);
    Range** const at = Put(AsRange(static_cast<char*>(data), bytes, nullptr));
    Chunk** link = &chunks_;
    while (*link && Begin(*link) != reinterpret_cast<char*>(*at)) link = &(*link)->next;
    Chunk* const chunk = *link;
    if (!chunk || (*at)->bytes != chunk->bytes - kLine) return;
    // One free chunk is kept for callers who take a little and give it back, again and again.
    if (!spare_ && chunk->bytes == kChunk) {
      spare_ = chunk;
      return;
    }
    *at = (*at)->next;
    *link = chunk->next;
    bytes_ -= chunk->bytes;
    ::operator delete(chunk, std::align_val_t{kHugePage});
  }

  size_t bytes() {
    std::lock_guard<std::mutex> lock(mutex_);
    return bytes_;
  }

 private:
  static char* Begin(Chunk* chunk) { return reinterpret_cast<char*>(chunk) + kLine; }

  Range* NewChunk(size_t least) {
    if (least > SIZE_MAX - kChunk) throw std::bad_alloc();
    const size_t bytes = std::max(kChunk, RoundUp(least + kLine, kHugePage));
    char* const memory = static_cast<char*>(::operator new(bytes, std::align_val_t{kHugePage}));
#if defined(MADV_HUGEPAGE)
    madvise(memory, bytes, MADV_HUGEPAGE);  // advice: failing is fine
#endif
    chunks_ = new (memory) Chunk{bytes, chunks_};
    bytes_ += bytes;
    return AsRange(Begin(chunks_), bytes - kLine, nullptr);
  }

  // Inserts a range into the free list and merges it with its neighbours; returns the link to it.
  Range** Put(Range* range) {
    Range** at = &free_;
    Range** before = nullptr;
    for (; *at && *at < range; at = &(*at)->next) before = at;
    range->next = *at;
    if (range->next && range->end() == reinterpret_cast<char*>(range->next)) {
      range->bytes += range->next->bytes;
      range->next = range->next->next;
    }
    if (before && (*before)->end() == reinterpret_cast<char*>(range)) {
      (*before)->bytes += range->bytes;
      (*before)->next = range->next;
      return before;
    }
    *at = range;
    return at;
  }

  std::mutex mutex_;
  Chunk* chunks_ = nullptr;
  Chunk* spare_ = nullptr;  // a chunk of which nothing is in use, or null
  size_t bytes_ = 0;       // of all chunks
  Range* free_ = nullptr;  // by address
};

// Never destroyed: layers of a worker may outlive the end of the program's own objects.
HugeHeap& Heap() {
  static HugeHeap& heap = *new HugeHeap;
  return heap;
}

bool IsPlain(size_t bytes) { return !kHasHugePages || bytes < kLeast; }

}  // namespace

void* AllocateHuge(size_t bytes) {
  if (IsPlain(bytes)) return ::operator new(bytes, kLineAlignment);
  if (bytes > SIZE_MAX - kLine) throw std::bad_alloc();
  return Heap().Allocate(RoundUp(bytes, kLine));
}

void FreeHuge(void* data, size_t bytes) noexcept {
  if (IsPlain(bytes)) return ::operator delete(data, kLineAlignment);
  Heap().Free(data, RoundUp(bytes, kLine));
}

size_t HugeBytes() noexcept { return Heap().bytes(); }

}  // namespace convfuse
