#define CONVFUSE_ISA neon
#include "kernels/fold-inl.h"
