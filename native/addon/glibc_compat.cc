// Keeps the addon loadable on old Linux systems.  A new glibc gives symbols that it moved or
// revised a new version, and the linker takes the newest; the old versions are still there.  The
// linker flags --wrap in CMakeLists.txt lead all callers, libstdc++'s included, through these.
#include <pthread.h>

#if defined(__GLIBC__)

#if defined(__x86_64__)
#define CONVFUSE_FIRST_GLIBC "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define CONVFUSE_FIRST_GLIBC "GLIBC_2.17"
#endif

#define CONVFUSE_BIND_OLD(name, parameters, arguments)                          \
  extern "C" int old_##name parameters;                                         \
  __asm__(".symver old_" #name "," #name "@" CONVFUSE_FIRST_GLIBC);             \
  extern "C" int __wrap_##name parameters;                                      \
  extern "C" int __wrap_##name parameters { return old_##name arguments; }

CONVFUSE_BIND_OLD(pthread_create,
                  (pthread_t * thread, const pthread_attr_t* attributes, void* (*run)(void*),
                   void* argument),
                  (thread, attributes, run, argument))
CONVFUSE_BIND_OLD(pthread_join, (pthread_t thread, void** result), (thread, result))
CONVFUSE_BIND_OLD(pthread_once, (pthread_once_t * once, void (*run)()), (once, run))
CONVFUSE_BIND_OLD(pthread_key_create, (pthread_key_t * key, void (*destroy)(void*)), (key, destroy))
CONVFUSE_BIND_OLD(__pthread_key_create, (pthread_key_t * key, void (*destroy)(void*)),
                  (key, destroy))

// glibc 2.32 sets this while a process has one thread, and libstdc++'s reference counts read it.
// Zero, "there may be more threads", is always right.
extern "C" char __libc_single_threaded;
char __libc_single_threaded = 0;

#endif
