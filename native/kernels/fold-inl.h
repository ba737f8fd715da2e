// diag(s) . W: the arithmetic of every fold.
//
//   out[g, o, r, c] = round(double(w[g, o, r, c]) * scale[g, r])
//   loss[g, r] = sum over o, c of |out - w * scale|,  mass[g, r] = sum of |w * scale|
//
// The product is rounded to double and then once to the stored type, ties to even.  Element
// i = o * cols + c of a factor adds to partial sum i % 8; the eight are then added in halves
// (0..3 + 4..7, pairs, the two).  lib/backend/reference/scale-rows.ts does the same, and so every
// ISA and the reference agree bit for bit; only the payload of a NaN is unspecified.
//
// w and out hold groups * outer * rows * cols elements of any alignment and may be the same
// array.  Any size may be 0.  Needs the default rounding mode, and no contraction: fold.cc is
// compiled with -ffp-contract=off.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "kernels/families.h"
#include "kernels/fold_format-inl.h"

namespace convfuse::CONVFUSE_ISA {
namespace {

constexpr size_t kPartials = 8;                // eight doubles fill the widest vector
constexpr size_t kParts = kPartials / kWide;   // vectors that hold them

struct Sums {
  D loss[kParts] = {};
  D mass[kParts] = {};
};

CONVFUSE_INLINE double Total(const D* parts) {
  double s[kPartials];
  __builtin_memcpy(s, parts, sizeof s);
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

// Eight elements, the first of which belongs to partial sum 0.
template <class Format>
CONVFUSE_INLINE void Block(const typename Format::T* w, typename Format::T* out, const D* scale,
                           Sums& sums) {
  for (size_t j = 0; j < kParts; ++j) {
    const D product = Format::Decode(w + j * kWide) * scale[j];
    const D rounded = Format::Encode(product, out + j * kWide);
    sums.loss[j] += Abs(rounded - product);
    sums.mass[j] += Abs(product);
  }
}

// n elements that begin at partial sum `lane`, lane + n <= 8.  The other lanes multiply 0 by 0.
template <class Format>
CONVFUSE_NOINLINE void PartialBlock(const typename Format::T* w, typename Format::T* out, double s,
                                 size_t lane, size_t n, Sums& sums) {
  typename Format::T in[kPartials] = {}, result[kPartials];
  double factor[kPartials] = {};
  for (size_t i = 0; i < n; ++i) {
    in[lane + i] = w[i];
    factor[lane + i] = s;
  }
  D scale[kParts];
  __builtin_memcpy(scale, factor, sizeof factor);
  Block<Format>(in, result, scale, sums);
  for (size_t i = 0; i < n; ++i) out[i] = result[lane + i];
}

// One factor over `cols` neighbours, of which the first belongs to partial sum `lane`.
template <class Format>
CONVFUSE_INLINE void Row(const typename Format::T* w, typename Format::T* out, size_t cols,
                         double s, size_t lane, Sums& sums) {
  if (lane > 0) {
    const size_t head = cols < kPartials - lane ? cols : kPartials - lane;
    PartialBlock<Format>(w, out, s, lane, head, sums);
    w += head;
    out += head;
    cols -= head;
  }
  D scale[kParts];
  for (D& part : scale) part = SplatD(s);
  for (; cols >= kPartials; cols -= kPartials, w += kPartials, out += kPartials)
    Block<Format>(w, out, scale, sums);
  if (cols > 0) PartialBlock<Format>(w, out, s, 0, cols, sums);
}

// With cols == 1 the elements of a factor lie `rows` apart: vectors hold n <= kWide neighbouring
// factors instead, and there is one vector for each partial sum.
template <class Format>
CONVFUSE_NOINLINE void Columns(const typename Format::T* w, const double* scale,
                            typename Format::T* out, size_t outer, size_t rows, size_t n,
                            double* loss, double* mass) {
  typename Format::T in[kWide] = {}, result[kWide];
  double factor[kWide] = {};
  for (size_t i = 0; i < n; ++i) factor[i] = scale[i];
  D s;
  __builtin_memcpy(&s, factor, sizeof s);
  D losses[kPartials] = {}, masses[kPartials] = {};
  for (size_t o = 0; o < outer; o += kPartials) {
    for (size_t lane = 0; lane < kPartials && o + lane < outer; ++lane) {
      const size_t at = (o + lane) * rows;
      for (size_t i = 0; i < n; ++i) in[i] = w[at + i];
      const D product = Format::Decode(in) * s;
      const D rounded = Format::Encode(product, result);
      for (size_t i = 0; i < n; ++i) out[at + i] = result[i];
      losses[lane] += Abs(rounded - product);
      masses[lane] += Abs(product);
    }
  }
  for (size_t i = 0; i < n; ++i) {
    loss[i] = ((losses[0][i] + losses[4][i]) + (losses[2][i] + losses[6][i])) +
              ((losses[1][i] + losses[5][i]) + (losses[3][i] + losses[7][i]));
    mass[i] = ((masses[0][i] + masses[4][i]) + (masses[2][i] + masses[6][i])) +
              ((masses[1][i] + masses[5][i]) + (masses[3][i] + masses[7][i]));
  }
}

template <class Format>
CONVFUSE_INLINE void ScaleColumns(ScaleRowsShape shape, const typename Format::T* w,
                                  const double* scale, typename Format::T* out, double* loss,
                                  double* mass) {
  const size_t rows = shape.rows;
  for (size_t g = 0; g < shape.groups; ++g) {
    const size_t base = g * shape.outer * rows;
    size_t r = 0;
    for (; r + kWide <= rows; r += kWide) {
      const size_t f = g * rows + r;
      Columns<Format>(w + base + r, scale + f, out + base + r, shape.outer, rows, kWide, loss + f,
                      mass + f);
    }
    const size_t f = g * rows + r;
    if (r < rows)
      Columns<Format>(w + base + r, scale + f, out + base + r, shape.outer, rows, rows - r,
                      loss + f, mass + f);
  }
}

template <class Format>
CONVFUSE_INLINE void ScaleRows(ScaleRowsShape shape, const typename Format::T* w,
                               const double* scale, typename Format::T* out, double* loss,
                               double* mass) {
  const size_t rows = shape.rows, cols = shape.cols;
  if (cols == 1 && rows > 1) return ScaleColumns<Format>(shape, w, scale, out, loss, mass);
  for (size_t g = 0; g < shape.groups; ++g) {
    for (size_t r = 0; r < rows; ++r) {
      Sums sums;
      for (size_t o = 0; o < shape.outer; ++o) {
        const size_t at = ((g * shape.outer + o) * rows + r) * cols;
        Row<Format>(w + at, out + at, cols, scale[g * rows + r], o * cols % kPartials, sums);
      }
      loss[g * rows + r] = Total(sums.loss);
      mass[g * rows + r] = Total(sums.mass);
    }
  }
}

}  // namespace

void ScaleRowsF32(ScaleRowsShape shape, const float* w, const double* scale, float* out,
                  double* loss, double* mass) {
  ScaleRows<Float32>(shape, w, scale, out, loss, mass);
}
void ScaleRowsF64(ScaleRowsShape shape, const double* w, const double* scale, double* out,
                  double* loss, double* mass) {
  ScaleRows<Float64>(shape, w, scale, out, loss, mass);
}
void ScaleRowsF16(ScaleRowsShape shape, const uint16_t* w, const double* scale, uint16_t* out,
                  double* loss, double* mass) {
  ScaleRows<Float16>(shape, w, scale, out, loss, mass);
}
void ScaleRowsBf16(ScaleRowsShape shape, const uint16_t* w, const double* scale, uint16_t* out,
                   double* loss, double* mass) {
  ScaleRows<Bfloat16>(shape, w, scale, out, loss, mass);
}

}  // namespace convfuse::CONVFUSE_ISA
