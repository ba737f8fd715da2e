// Chooses among the tables by what the CPU has and the operating system saves (both are what
// __builtin_cpu_supports reports: it reads XGETBV before it admits to AVX).
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "kernels/table.h"

namespace convfuse {

namespace baseline {
KernelTable MakeTable();
}
namespace avx2 {
KernelTable MakeTable();
}
namespace avx512 {
KernelTable MakeTable();
}
namespace avx512bf16 {
void AddTo(KernelTable* table);
}
namespace neon {
KernelTable MakeTable();
}

namespace {

constexpr size_t kMostTables = 3;

struct Tables {
  KernelTable table[kMostTables];
  const KernelTable* list[kMostTables + 1];
};

#if defined(__x86_64__)
// __builtin_cpu_supports does not know these names in every compiler.  They need the same operating
// system support as AVX2 and AVX-512, which is asked for beside them.
bool HasF16c() {
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
bool HasBf16() {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 5);  // AVX512_BF16
}
#endif

// Filled in place, because the list points into it.
void Detect(Tables* t) {
  size_t n = 0;
  t->table[n++] = baseline::MakeTable();
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      HasF16c()) {
    t->table[n++] = avx2::MakeTable();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) {
      t->table[n++] = avx512::MakeTable();
      if (HasBf16()) avx512bf16::AddTo(&t->table[n - 1]);
    }
  }
#elif defined(__aarch64__)
  t->table[n++] = neon::MakeTable();  // part of every ARMv8 core
#endif
  for (size_t i = 0; i < n; ++i) t->list[i] = &t->table[i];
  t->list[n] = nullptr;
}

struct Detected : Tables {
  Detected() { Detect(this); }
};

}  // namespace

const KernelTable* const* SupportedKernelTables() {
  static const Detected tables;  // immutable once made; its making is thread safe
  return tables.list;
}

const KernelTable* SelectKernelTable(const char* name) {
  const KernelTable* best = nullptr;
  for (const KernelTable* const* t = SupportedKernelTables(); *t; ++t) {
    if (name && strcmp(name, (*t)->isa) == 0) return *t;
    best = *t;
  }
  return name ? nullptr : best;
}

}  // namespace convfuse
