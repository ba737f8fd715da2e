// Replaces libstdc++'s handler of uncaught exceptions, which prints their type in C++ syntax and
// brings 40 KB of a demangler along.  No exception should get here, since every entry catches
// (errors.h); one that does ends the process all the same.
#if defined(__linux__)
#include <cstdio>
#include <cstdlib>

namespace __gnu_cxx {
[[noreturn]] void __verbose_terminate_handler() {
  std::fputs("convfuse: an exception that nobody catches\n", stderr);
  std::abort();
}
}  // namespace __gnu_cxx
#endif
