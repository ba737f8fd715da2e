// Preloaded into Node, makes the Nth allocation of the addon fail, and no other.  JavaScript steers
// it through process.umask, which passes its number on to libc: umask(kArm + n) makes allocation n
// (from 0) fail, umask(kDisarm) returns how many there have been since.
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <atomic>

namespace {

constexpr unsigned kArm = 0x4000;
constexpr unsigned kDisarm = 0x7fff;
constexpr long kNever = -1;

std::atomic<long> fail_at{kNever};
std::atomic<long> count{0};
std::atomic<uintptr_t> first{0}, last{0};  // where the addon is in memory

int FindAddon(dl_phdr_info* info, size_t, void*) {
  if (info->dlpi_name == nullptr || strstr(info->dlpi_name, "convfuse.node") == nullptr) return 0;
  uintptr_t low = UINTPTR_MAX, high = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
    if (begin < low) low = begin;
    if (begin + segment.p_memsz > high) high = begin + segment.p_memsz;
  }
  first = low;
  last = high;
  return 1;
}

bool Fails(void* caller) {
  if (fail_at == kNever) return false;
  const auto address = reinterpret_cast<uintptr_t>(caller);
  if (address < first || address >= last || count++ != fail_at) return false;
  errno = ENOMEM;
  return true;
}

template <class Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void* malloc(size_t size) {
  static const auto next = Next<void* (*)(size_t)>("malloc");
  return Fails(__builtin_return_address(0)) ? nullptr : next(size);
}

extern "C" __attribute__((visibility("default"))) void* aligned_alloc(size_t alignment,
                                                                      size_t size) {
  static const auto next = Next<void* (*)(size_t, size_t)>("aligned_alloc");
  return Fails(__builtin_return_address(0)) ? nullptr : next(alignment, size);
}

extern "C" __attribute__((visibility("default"))) unsigned umask(unsigned mask) {
  static const auto next = Next<unsigned (*)(unsigned)>("umask");
  if (mask < kArm) return next(mask);
  if (mask == kDisarm) {
    fail_at = kNever;
    return static_cast<unsigned>(count.load());
  }
  dl_iterate_phdr(FindAddon, nullptr);
  count = 0;
  fail_at = static_cast<long>(mask - kArm);
  return 0;
}
