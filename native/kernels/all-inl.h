// Every kernel, once; what an isa_*.cc consists of.  The order is that of dependence.
#include "kernels/simd.h"
#include "kernels/math-inl.h"
#include "kernels/gemm_tile-inl.h"
#include "kernels/pack-inl.h"
#include "kernels/direct-inl.h"
#include "kernels/activation-inl.h"
#include "kernels/table-inl.h"
