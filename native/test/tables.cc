#include "test/tables.h"

#include <math.h>
#include <string.h>

namespace convfuse {

namespace emulated512 {
KernelTable MakeTable();
}
namespace emulated512bf16 {
void AddTo(KernelTable* table);
}

namespace test {
namespace {

constexpr char kEmulated[] = "emulated512";

}  // namespace

std::vector<const KernelTable*> TestedTables(const Options& options) {
  static const KernelTable emulated = [] {
    KernelTable table = emulated512::MakeTable();
    emulated512bf16::AddTo(&table);
    return table;
  }();
  std::vector<const KernelTable*> tables;
  for (const KernelTable* const* t = SupportedKernelTables(); *t; ++t) tables.push_back(*t);
  tables.push_back(&emulated);
  if (!options.isa.empty())
    for (size_t i = tables.size(); i-- > 0;)
      if (options.isa != tables[i]->isa) tables.erase(tables.begin() + static_cast<ptrdiff_t>(i));
  return tables;
}

bool SameBits(const KernelTable& table, const float* a, const float* b, size_t n) {
  if (strcmp(table.isa, kEmulated) != 0) return SameBits(a, b, n);
  for (size_t i = 0; i < n; ++i)
    if (!SameBits(a + i, b + i, 1) && !(isnan(a[i]) && isnan(b[i]))) return false;
  return true;
}

}  // namespace test
}  // namespace convfuse
